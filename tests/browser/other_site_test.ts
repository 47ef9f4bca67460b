// A page of another web site tries to use the service of this machine, in a real browser.

import { assert, assertEquals } from "@std/assert";
import { chromium, type Page } from "playwright-core";
import { eventually } from "../support/eventually.ts";
import { sample } from "../support/pictures.ts";
import { Service } from "../support/service.ts";
import { browserTest, CHROMIUM_ARGS } from "./visit.ts";

/** Ways in which a page can send a picture to another origin. Each returns what the page learns. */
const ATTACKS: Readonly<Record<string, string>> = {
  "fetch with CORS": `send({})`,
  "fetch with a picture's Content-Type": `send({ headers: { "Content-Type": "image/png" } })`,
  "fetch without CORS": `send({ mode: "no-cors" })`,
  "fetch of text without CORS": `send({
    mode: "no-cors", headers: { "Content-Type": "text/plain" },
  })`,
  // A beacon may have up to 64 KiB.
  "a beacon": `navigator.sendBeacon(target, picture.slice(0, 60000)) ? "" : "not sent"`,
  "a form": `new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.name = "frame";
    frame.onload = () => {
      try {
        resolve(frame.contentDocument.body.innerText);
      } catch {
        resolve("");
      }
    };
    const form = document.createElement("form");
    Object.assign(form, {
      action: target, method: "post", enctype: "multipart/form-data", target: "frame",
    });
    const input = document.createElement("input");
    Object.assign(input, { type: "file", name: "image" });
    const files = new DataTransfer();
    files.items.add(new File([picture], "a.png", { type: "image/png" }));
    input.files = files.files;
    form.append(input);
    document.body.append(frame, form);
    form.submit();
  })`,
};

/** Serves an empty page, and the sample picture for its scripts. */
async function openSite() {
  const picture = await sample("user1_similar.png");
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) =>
      new URL(url).pathname === "/picture"
        ? new Response(picture)
        : new Response("<!doctype html><title>site</title>", {
          headers: { "Content-Type": "text/html" },
        }),
  );
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** Starts a browser in which every name that ends with .test leads to this machine. */
async function openBrowser() {
  const browser = await chromium.launch({
    executablePath: Deno.env.get("FACE_IT_CHROMIUM")!,
    args: [...CHROMIUM_ARGS, "--host-resolver-rules=MAP *.test 127.0.0.1"],
  });
  return {
    async open(url: string): Promise<Page> {
      // A page without a policy of its own may do more: the service must not rely on its policy.
      const page = await browser.newPage({ bypassCSP: true });
      await page.goto(url);
      return page;
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

/** Runs a script in which `send` posts the sample picture to the service. */
async function runScript(page: Page, target: string, script: string): Promise<string> {
  return await page.evaluate<string>(`(async () => {
    const target = ${JSON.stringify(target)};
    const picture = await (await fetch("/picture")).blob();
    const send = async (init) => {
      try {
        const body = new Blob([picture]);
        return await (await fetch(target, { method: "POST", body, ...init })).text();
      } catch (error) {
        return "";
      }
    };
    return await ${script};
  })()`);
}

/** Returns how many requests had each outcome, from the log of the service. */
function outcomes(service: Service): unknown[] {
  return service.log.filter(({ path }) => path === "/authenticate")
    .map(({ outcome, code }) => outcome ?? code);
}

browserTest("a page of another site can neither cause nor read a match", async (t) => {
  await using site = await openSite();
  await using browser = await openBrowser();
  await using service = await Service.ready();
  const { port } = service.url;
  // Another port of the same name, another name of this machine, and another site.
  for (const name of ["127.0.0.1", "localhost", "evil.test"]) {
    const page = await browser.open(`http://${name}:${site.port}/`);
    for (const target of [`http://127.0.0.1:${port}`, `http://localhost:${port}`]) {
      for (const [attack, script] of Object.entries(ATTACKS)) {
        await t.step(`${attack} from ${name} to ${target}`, async () => {
          assertEquals(await runScript(page, `${target}/authenticate`, script), "");
        });
      }
    }
  }
  const seen = outcomes(service);
  assert(seen.includes("forbidden_origin"), JSON.stringify(seen));
  assertEquals(seen.filter((outcome) => outcome !== "forbidden_origin"), []);
  assertEquals(await service.metric("face_it_pool_claim_seconds_count"), 0);
});

browserTest("a site whose name points to this machine gets no answer (DNS rebinding)", async () => {
  await using browser = await openBrowser();
  await using service = await Service.ready();
  const page = await browser.open(`http://evil.test:${service.url.port}/`);
  assert((await page.content()).includes("unknown_host"));
  const text = await page.evaluate<string>(
    `fetch("/authenticate", { method: "POST", body: "x" }).then((answer) => answer.text())`,
  );
  assert(text.includes("unknown_host"), text);
  assertEquals(new Set(outcomes(service)), new Set(["unknown_host"]));
});

browserTest("a page of an allowed origin can read a match, and no other page can", async () => {
  await using site = await openSite();
  await using browser = await openBrowser();
  const allowed = `http://localhost:${site.port}`;
  await using service = await Service.ready({ ALLOWED_ORIGINS: allowed });
  const target = `${service.url.origin}/authenticate`;
  const page = await browser.open(`${allowed}/`);
  for (const headers of [{}, { "Content-Type": "application/octet-stream" }]) {
    const text = await runScript(page, target, `send({ headers: ${JSON.stringify(headers)} })`);
    assertEquals(JSON.parse(text).user_id, "user1");
  }
  // The page can also read an error.
  const empty = await runScript(page, target, `send({ body: "" })`);
  assertEquals(JSON.parse(empty).code, "invalid_request");
  const other = await browser.open(`http://127.0.0.1:${site.port}/`);
  assertEquals(await runScript(other, target, "send({})"), "");
});

browserTest(
  "the service's own page works behind a proxy that changes the Host header",
  async () => {
    await using browser = await openBrowser();
    await using service = await Service.ready();
    const proxy = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async ({ url, method, headers, body }) => {
        const { pathname, search } = new URL(url);
        const sent = new Headers(headers);
        sent.delete("Host");
        return await fetch(new URL(pathname + search, service.url), {
          method,
          headers: sent,
          body,
        });
      },
    );
    await using _proxy = { [Symbol.asyncDispose]: () => proxy.shutdown() };
    const ask = (page: Page) =>
      page.evaluate<string>(
        `fetch("/authenticate", { method: "POST", body: "x" }).then((answer) => answer.text())`,
      );
    const { port } = proxy.addr;
    const own = await ask(await browser.open(`http://localhost:${port}/`));
    assertEquals(JSON.parse(own).code, "unsupported_media_type");
    // The proxy hides a rebound name from the check of the host.
    const rebound = await ask(await browser.open(`http://evil.test:${port}/`));
    assertEquals(JSON.parse(rebound).code, "forbidden_origin");
  },
);

browserTest("no page can show the service in a frame or load its files", async () => {
  await using site = await openSite();
  await using browser = await openBrowser();
  await using service = await Service.ready();
  const page = await browser.open(`http://localhost:${site.port}/`);
  for (const path of ["/", "/docs", "/openapi.json", "/health", "/ready"]) {
    await page.evaluate(`new Promise((resolve) => {
      document.querySelector("iframe")?.remove();
      const frame = document.createElement("iframe");
      frame.onload = resolve;
      frame.src = ${JSON.stringify(new URL(path, service.url).href)};
      document.body.append(frame);
    })`);
    // Playwright learns of the frame and of its address a moment after the page.
    await eventually(() => {
      const [frame, ...others] = page.mainFrame().childFrames();
      return others.length === 0 && frame?.url().startsWith("chrome-error:") === true;
    }, `the browser refuses to show ${path}`);
  }
  const script = await page.evaluate<string>(`new Promise((resolve) => {
    const script = document.createElement("script");
    script.onload = () => resolve("loaded");
    script.onerror = () => resolve("");
    script.src = ${JSON.stringify(new URL("/page/explanations.js", service.url).href)};
    document.head.append(script);
  })`);
  assertEquals(script, "");
});
