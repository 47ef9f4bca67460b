/** A real browser before the real service, for the tests of the page. */

import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { Service } from "../support/service.ts";

const CHROMIUM = Deno.env.get("FACE_IT_CHROMIUM");
const REQUIRED = Deno.env.get("FACE_IT_REQUIRE_CHROMIUM") === "1";

/** For Deno.test: whether there is no browser, and none has to be there. */
export const ignore = !CHROMIUM && !REQUIRED;

if (ignore) {
  console.warn(
    "The browser tests are skipped. They need Chromium (Debian: apt-get install chromium), and " +
      "its path in FACE_IT_CHROMIUM",
  );
}

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The window of a phone. */
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
/** The window of a desktop computer. */
export const DESKTOP = { viewport: { width: 1280, height: 800 } };

/** How the page is visited. */
export interface VisitOptions {
  /** "/" unless told otherwise. */
  readonly path?: string;
  /** Another name for this machine. */
  readonly host?: string;
  /** Of Chromium. */
  readonly args?: readonly string[];
  readonly context?: BrowserContextOptions;
  /** Of the service. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A visit to the page. Disposed, it checks that the page kept to itself and had no error. */
export class Visit implements AsyncDisposable {
  readonly page: Page;
  readonly service: Service;
  readonly #browser: Browser;
  /** What went wrong in the page without showing in it. */
  readonly #faults: string[] = [];

  private constructor(page: Page, service: Service, browser: Browser) {
    this.page = page;
    this.service = service;
    this.#browser = browser;
    page.on("pageerror", (error) => this.#faults.push(String(error)));
    page.on("console", (message) => {
      // The browser itself reports every refusal.
      if (message.location().url.includes("/authenticate")) return;
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
    assert(CHROMIUM, "FACE_IT_REQUIRE_CHROMIUM is 1, but FACE_IT_CHROMIUM names no browser");
    const { path = "/", host = "127.0.0.1", args = [], context = {}, env = {} } = options;
    await using started = new AsyncDisposableStack();
    const service = started.use(await Service.ready(env));
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...QUIET, ...args] });
    started.defer(() => browser.close());
    const page = await browser.newPage(context);
    const visit = new Visit(page, service, browser);
    await page.goto(`http://${host}:${service.url.port}${path}`, { waitUntil: "networkidle" });
    started.move();
    return visit;
  }

  /** Where the page says what came of the picture. */
  get answer(): Locator {
    return this.page.getByRole("status").last();
  }

  /** Nothing sticks out sideways. */
  async fits(): Promise<void> {
    const [content, window] = await this.page.evaluate<[number, number]>(
      "[document.documentElement.scrollWidth, innerWidth]",
    );
    assert(content <= window, `${content} px of content in a window of ${window} px`);
  }

  /** Chooses a picture, or what should be one. */
  async choose(bytes: Uint8Array, mimeType?: string): Promise<void> {
    await this.page.getByLabel("Choose a picture").setInputFiles(asFile(bytes, mimeType));
  }

  /** Waits until the answer's first line is `title`. */
  async answers(title: string): Promise<void> {
    await this.answer.getByText(title, { exact: true }).waitFor();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _service = this.service;
    await this.#browser.close();
    assertEquals(this.#faults, []);
  }
}

/** A file as a browser's chooser gives it. */
export function asFile(bytes: Uint8Array, mimeType = "image/png") {
  return { name: "file", mimeType, buffer: Buffer.from(bytes) };
}
