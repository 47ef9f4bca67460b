/** Checks a page with axe-core, which finds barriers for people with disabilities. */

import { assertEquals } from "@std/assert";
import axe from "axe-core";
import type { Page } from "playwright-core";

/** A rule that the page breaks, and the elements that break it. */
interface Finding {
  readonly rule: string;
  readonly elements: readonly string[];
}

/** Checks that axe-core finds nothing in what the page shows now. */
export async function assertNoBarriers(page: Page, shown: string): Promise<void> {
  const isThere = await page.evaluate<boolean>("typeof axe === 'object'");
  if (!isThere) await page.evaluate(axe.source);
  const found = await page.evaluate<Finding[]>(`axe.run(document).then(({ violations }) =>
    violations.map(({ id, nodes }) => ({ rule: id, elements: nodes.map(({ html }) => html) })))`);
  assertEquals(found, [], `${shown}: ${JSON.stringify(found)}`);
}
