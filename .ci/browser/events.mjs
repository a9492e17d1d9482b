// Reads a stream of events in a real browser while the app is changed under it. Arguments: the
// browser, the server's address, the app's folder.
import { chromium } from "playwright-core";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [executablePath, address, app] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "cloudlet-browser-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const publish = async (title) => {
  const answer = await fetch(`${address}/films`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ title }) });
  if (!answer.ok) { throw new Error(`publishing ${title}: ${answer.status} ${await answer.text()}`); }
};

try {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(`${address}/-/health`);
  await page.evaluate(() => {
    window.got = [];
    window.opened = 0;
    const source = new EventSource("/films");
    source.onopen = () => { window.opened++; };
    for (const name of ["message", "added", "end", "reset"]) {
      source.addEventListener(name, (e) => window.got.push(name === "added" ? JSON.parse(e.data).title : `${name} ${JSON.parse(e.data).reason}`));
    }
  });
  await page.waitForFunction(() => window.opened === 1);
  // Nothing has come so far: where it goes on, the browser knows from the start of the stream.
  writeFileSync(join(app, "endpoints", "more.yaml"), "get:\n  actions:\n    - return: 1\n");
  await page.waitForFunction(() => window.got.includes("end reloaded"));
  await publish("Alien");
  await page.waitForFunction(() => window.got.includes("Alien"));
  await publish("a\n\nid: 7\ndata: b");
  await page.waitForFunction(() => window.got.length === 3);
  const got = JSON.stringify(await page.evaluate(() => window.got));
  const want = JSON.stringify(["end reloaded", "Alien", "a\n\nid: 7\ndata: b"]);
  if (got !== want) { throw new Error(`the browser got ${got}, want ${want}`); }
} catch (e) {
  console.log(e.stack);
  process.exitCode = 1;
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
