import { assertEquals } from "@std/assert";
import { createSlots } from "./slots.ts";

const LONG_MS = 60_000;

Deno.test("slots are given in the order in which they were asked for", async () => {
  const slots = createSlots(1);
  assertEquals(await slots.take(LONG_MS), true);
  const order: string[] = [];
  const first = slots.take(LONG_MS).then(() => order.push("first"));
  const second = slots.take(LONG_MS).then(() => order.push("second"));
  slots.release();
  await first;
  assertEquals(order, ["first"]);
  slots.release();
  await second;
  assertEquals(order, ["first", "second"]);
});

Deno.test("who waits too long gets no slot, and takes none from others", async () => {
  const slots = createSlots(1);
  await slots.take(LONG_MS);
  assertEquals(await slots.take(1), false);
  slots.release();
  assertEquals(await slots.take(LONG_MS), true);
  assertEquals(await slots.take(1), false);
});
