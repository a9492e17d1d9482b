// Opens a page of an app in a real browser and uses it as a person would. Arguments: the
// browser, and the page's address.
import { chromium } from "playwright-core";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [executablePath, address] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "cloudlet-browser-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const wrong = [];
const expect = (holds, text) => { if (!holds) { wrong.push(text); } };

try {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const refused = [];
  page.on("console", (m) => { if (m.type() === "error") { refused.push(m.text()); } });
  page.on("dialog", (d) => { wrong.push("a script ran: " + d.message()); d.dismiss(); });

  await page.goto(address);
  const color = (selector) => page.$eval(selector, (e) => getComputedStyle(e).color);
  expect((await color("#styled")) === "rgb(0, 128, 128)", "the page's own style is " + await color("#styled"));
  expect((await color("#named")) !== "rgb(255, 0, 0)", "a style came in with a value");
  expect((await page.textContent("#named")).includes("<script>"), "the value is shown as " + await page.textContent("#named"));
  expect((await page.title()) === "Films", "a script of the page itself ran");
  expect(refused.some((text) => text.includes("script-src") || text.includes("default-src")), "nothing was refused: " + refused.join("; "));

  await page.click("button");
  await page.waitForFunction(() => document.body.textContent.includes("thanks"));
  expect((await page.textContent("body")).includes("thanks, Ann"), "the form is answered with " + await page.textContent("body"));
} catch (e) {
  wrong.push(String(e));
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
