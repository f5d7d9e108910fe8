// Head office renews its keys and changes who works where, while its server runs and devices are at work.

import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import * as app from "./support.mjs";

app.journey("renewed keys and texts reach a device that is at work, and nobody joins or starts anything anew", async (stage) => {
  stage.expectNoNetwork();
  // A token of before is taken no more.
  stage.expectRefusal();
  const server = await stage.server();
  const page = await app.signedIn(await stage.device(server), server, app.PATROL);
  await server.kill();
  const site = join(await stage.folder("site"), "lanting.toml");
  await copyFile(new URL("packs/demo-site.toml", app.ROOT), site);
  await server.start({ site });
  await app.record(page, app.LEAK, "keep");
  await app.untilDelivered(page);

  await server.order("admin", "rotate-keys", "--older-than", "0");
  await server.hasLogged("working keys were renewed");
  await app.record(page, app.LEAK, "keep");
  await app.untilDelivered(page);

  // Once more, so that the page asks for another contact by itself; that tells it of the texts as well.
  await page.goto("/record");
  await app.fillForm(page, app.LEAK);
  await server.order("admin", "rotate-keys", "--older-than", "0");
  const mei = ["--name", "梅兰", "--number", "0801", "--position", "管家", "--position-en", "Housekeeper", "--rank", "1"];
  await server.order("admin", "enrol-person", "mei-lan", ...mei, "--department", "engineering", "--site", site);
  await server.hasLogged("texts of the sites were read anew");
  await page.locator('[data-next="keep"]').click();
  await app.untilOnCase(page);
  await app.untilDelivered(page);
  // Within the page: one that is loaded anew asks for them in any case.
  await page.locator('a[href="/"]:visible').first().click();
  await page.locator('a[href="/record"]:visible').first().click();
  await page.locator('#asked option[value="mei-lan"]').waitFor({ state: "attached" });
});
