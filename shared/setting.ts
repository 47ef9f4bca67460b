/**
 * Types of settings, and the information on each setting that `deno task generate` writes into the
 * documentation and the chart.
 */

import { isIP } from "node:net";
import { z } from "zod";

/** Information on a setting that its schema does not have. */
export interface SettingInfo {
  /** Description for the setting's row in docs/configuration.md, in Markdown. */
  readonly description: string;
  /** Default in that row. Without it, the row shows the default of the schema. */
  readonly shownDefault?: string;
  /**
   * Path of the chart's value for this setting, such as "limits.queueLimit". It is missing when the
   * chart does not set the variable, or when a template written by hand sets it.
   */
  readonly chartValue?: string;
  /** The setting is the path of a file or folder that the service reads. */
  readonly isPath?: true;
}

/** Information on every setting, by its schema: `schema.register(SETTINGS, { description: … })`. */
export const SETTINGS = z.registry<SettingInfo>();

/** A whole number between two bounds, written in digits. */
export function integer(min: number, max: number): z.ZodType<number, string> {
  return z.string().regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
}

/** A number above 0 and up to 1, in decimal notation. */
export function fraction(): z.ZodType<number, string> {
  return z.string().regex(/^\d*\.?\d+$/, "must be a number")
    .transform(Number)
    .pipe(z.number().gt(0, "must be more than 0").lte(1, "must be at most 1"));
}

/**
 * An IP address, or localhost. An IPv6 address may be in brackets. Other names are refused: the
 * service must know at its start if only this machine can reach it.
 */
export function listenAddress(): z.ZodType<string, string> {
  return z.string().refine(
    (text) => text === "localhost" || isIP(text.replace(/^\[(.*:.*)\]$/, "$1")) !== 0,
    "must be an IP address or localhost",
  );
}

/** Texts, separated by commas. `read` returns undefined for a text that is not allowed. */
export function list(
  read: (text: string) => string | undefined,
  error: string,
): z.ZodType<readonly string[], string> {
  return z.string().transform((text, { addIssue }) => {
    const items = text.split(",").map((item) => read(item.trim()));
    if (items.includes(undefined)) addIssue(error);
    return items.filter((item) => item !== undefined);
  });
}

/** `true` or `false`. */
export function flag(): z.ZodType<boolean, string> {
  return z.enum(["true", "false"], { error: "must be true or false" })
    .transform((value) => value === "true")
    .pipe(z.boolean());
}

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  ...words: Words
): z.ZodType<Words[number], string> {
  return z.enum(words, { error: `must be ${words.join(" or ")}` }) as unknown as z.ZodType<
    Words[number],
    string
  >;
}
