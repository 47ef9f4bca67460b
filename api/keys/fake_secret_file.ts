/** A Secret in memory. */

import type { SecretFile } from "./secret_file.ts";

/** A Secret with one file, in memory. Other runs may come between a call and its answer. */
export class FakeSecretFile implements SecretFile {
  /** Every text that the Secret has had. */
  readonly history: string[] = [];

  /**
   * @param before Called before each call takes effect. When it throws, the call has no effect
   */
  constructor(
    readonly name: string,
    public text?: string,
    readonly before: (call: "read" | "create") => void | Promise<void> = () => {},
  ) {
    if (text !== undefined) this.history.push(text);
  }

  async read(): Promise<string | undefined> {
    await this.before("read");
    return this.text;
  }

  async create(text: string): Promise<boolean> {
    await this.before("create");
    if (this.text !== undefined) return false;
    this.text = text;
    this.history.push(text);
    return true;
  }
}
