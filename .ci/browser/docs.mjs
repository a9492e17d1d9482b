// Opens /-/docs in a real browser and uses it as a person would. Arguments: the
// browser, the server's address, a username and a password, a code that is needed
// besides, a file for a picture.
import { chromium } from "playwright-core";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [executablePath, address, username, password, code, picture] = process.argv.slice(2);
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
  page.on("console", (m) => {
    // The browser itself reports the 401 that a wrong password gets, and swagger-ui
    // that links with an underscore will change.
    if (m.type() === "error" && !m.text().includes("401") && !m.text().includes("deep link")) { wrong.push(`console: ${m.text()}`); }
  });
  page.on("pageerror", (e) => wrong.push(`error: ${e.message}`));
  page.on("request", (r) => {
    if (r.url().includes("password")) { wrong.push(`a password stands in ${r.url()}`); }
    if (!r.url().startsWith(address) && !r.url().startsWith("data:")) { wrong.push(`it asks ${r.url()}`); }
  });

  await page.goto(`${address}/-/docs`);
  await page.waitForSelector(".opblock");
  const paths = () => page.$$eval(".opblock-summary-method, .opblock-summary-path", (list) => list.map((e) => e.textContent.trim()).join(" "));
  expect(!(await paths()).includes("/admin/"), "somebody without a ticket sees what needs a role: " + await paths());

  await page.fill("#username", username);
  await page.fill("#password", "a wrong password");
  await page.click("#login button");
  await page.waitForFunction(() => document.querySelector("#said").textContent !== "");
  expect((await page.textContent("#said")).includes("password is wrong"), "of a wrong password it says " + await page.textContent("#said"));

  expect(await page.isHidden("#code"), "it asks everybody for a code");
  await page.fill("#password", password);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#code", { state: "visible" });
  expect((await page.textContent("#said")).includes("code"), "of a missing code it says " + await page.textContent("#said"));
  await page.fill("#code", code);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#who:not([hidden])");
  expect((await page.textContent("#name")).startsWith(username), "it says who is there as " + await page.textContent("#name"));
  expect((await page.textContent("#said")) === "", "it still says " + await page.textContent("#said"));
  await page.waitForFunction(() => document.body.innerText.includes("/changes"));
  expect((await paths()).includes("/admin/"), "with a ticket it shows " + await paths());

  const block = page.locator(".opblock", { hasText: "/changes" });
  await block.locator(".opblock-summary-control").click();
  await block.locator("input[placeholder=id]").fill("1");
  await block.locator("button.execute").click();
  await block.locator(".responses-table.live-responses-table .response-col_status").last().waitFor();
  const status = await block.locator(".live-responses-table tbody .response-col_status").first().textContent();
  expect(status.startsWith("200"), "trying a verb that needs a role gives " + status);
  if (picture) { await page.screenshot({ path: picture, fullPage: true }); }

  await page.click("#who button");
  await page.waitForSelector("#login:not([hidden])");
  await page.waitForFunction(() => !document.body.innerText.includes("/changes"));
  const kept = await page.evaluate(() => JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie);
  expect(!kept.includes("eyJ"), "the ticket is kept: " + kept);
} catch (error) {
  wrong.push(String(error));
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
if (wrong.length > 0) {
  console.log(wrong.join("\n"));
  process.exit(1);
}
