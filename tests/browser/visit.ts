/** Opens the page of the real service in a real browser, for the tests of the page. */

import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { needs } from "../support/needs.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

/** Registers a test that needs a browser. */
export const browserTest = needs("chromium");

/** Arguments that make Chromium do nothing except show the page. */
export const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Much more than a slow machine needs for a step. */
const TIMEOUT_MS = 90_000;

/** Window of a phone. */
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
/** Window of a desktop computer. */
export const DESKTOP = { viewport: { width: 1280, height: 800 } };

/** Settings of a service that holds the gallery. Its workers serve several requests, to save time. */
export const GALLERY_SERVICE = { GALLERY_MODE: "service", REQUESTS_PER_WORKER: "100" };

/** Options of a visit. */
export interface VisitOptions {
  /** Path of the page. Default: "/". */
  readonly path?: string;
  /** Host name in the address. Default: 127.0.0.1. */
  readonly host?: string;
  /** Additional arguments of Chromium. */
  readonly args?: readonly string[];
  readonly context?: BrowserContextOptions;
  /** Settings of the service. */
  readonly env?: Readonly<Record<string, string>>;
  /** Entries of the service's keys file. Default: the service has no keys. */
  readonly keys?: readonly object[];
}

/** Paths of requests that tests let fail. */
const MAY_FAIL = /\/(authenticate|users|models)\b/;

/**
 * A visit to the page. Disposing of it checks that the page had no error and sent no request to
 * another server.
 */
export class Visit implements AsyncDisposable {
  readonly page: Page;
  readonly service: Service;
  readonly #browser: Browser;
  /** Errors that the page itself does not show, and requests to other servers. */
  readonly #faults: string[] = [];

  private constructor(page: Page, service: Service, browser: Browser) {
    this.page = page;
    this.service = service;
    this.#browser = browser;
    page.on("pageerror", (error) => this.#faults.push(String(error)));
    page.on("console", (message) => {
      // The browser itself logs every error response.
      if (MAY_FAIL.test(message.location().url)) return;
      this.#faults.push(`${message.type()}: ${message.text()}`);
    });
    page.on("request", (request) => {
      const { protocol, port } = new URL(request.url());
      if (protocol === "blob:" || port === service.url.port) return;
      this.#faults.push(`request to ${request.url()}`);
    });
  }

  /** Starts the service and the browser, and opens the page. */
  static async start(options: VisitOptions = {}): Promise<Visit> {
    const { path = "/", host = "127.0.0.1", args = [], context = {}, env = {}, keys } = options;
    await using started = new AsyncDisposableStack();
    const service = started.use(await startService(env, keys));
    const executablePath = Deno.env.get("FACE_IT_CHROMIUM")!;
    const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS, ...args] });
    started.defer(() => browser.close());
    const page = await browser.newPage(context);
    page.setDefaultTimeout(TIMEOUT_MS);
    const visit = new Visit(page, service, browser);
    await page.goto(`http://${host}:${service.url.port}${path}`, { waitUntil: "networkidle" });
    started.move();
    return visit;
  }

  /** Element in which the page shows the answer. */
  get answer(): Locator {
    return this.page.getByRole("status").last();
  }

  /** Opens a view of the page by its link. */
  async open(view: "Recognise" | "Enrol" | "People"): Promise<void> {
    await this.page.getByRole("link", { name: view, exact: true }).click();
  }

  /** Chooses pictures in the view that enrols people. */
  async enrol(name: string, ...pictures: readonly Uint8Array[]): Promise<void> {
    await this.page.getByLabel("Name").fill(name);
    await this.page.getByLabel("Choose pictures").setInputFiles(
      pictures.map((bytes) => asFile(bytes)),
    );
  }

  /** Types a key into the dialog that asks for it. */
  async giveKey(text: string): Promise<void> {
    await this.page.getByLabel("Key", { exact: true }).fill(text);
    await this.page.getByRole("button", { name: "Use the key" }).click();
  }

  /** Checks that the content is no wider than the window. */
  async fits(): Promise<void> {
    const [content, window] = await this.page.evaluate<[number, number]>(
      "[document.documentElement.scrollWidth, innerWidth]",
    );
    assert(content <= window, `${content} px of content in a window of ${window} px`);
  }

  /** Chooses a file in the page. The file need not be a picture. */
  async choose(bytes: Uint8Array, mimeType?: string): Promise<void> {
    await this.page.getByLabel("Choose a picture").setInputFiles(asFile(bytes, mimeType));
  }

  /** Waits until the page shows an answer with this title. */
  async answers(title: string): Promise<void> {
    await this.answer.getByText(title, { exact: true }).waitFor();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _service = this.service;
    await this.#browser.close();
    assertEquals(this.#faults, []);
  }
}

async function startService(
  env: Readonly<Record<string, string>>,
  keys: readonly object[] | undefined,
): Promise<Service> {
  if (keys === undefined) return await Service.ready(env);
  // The service does not read the file again when the folder is gone.
  await using folder = await temporaryFolder({ "keys.json": JSON.stringify({ keys }) });
  const service = new Service(
    { API_KEYS_PATH: folder.path("keys.json"), ...env },
    ["run", "-q", "-P=api-local", `--allow-read=${folder.root}`, "api/main.ts"],
  );
  await service.untilReady();
  return service;
}

/** Returns a file with these bytes, for a file chooser of the page. */
export function asFile(bytes: Uint8Array, mimeType = "image/png") {
  return { name: "file", mimeType, buffer: Buffer.from(bytes) };
}
