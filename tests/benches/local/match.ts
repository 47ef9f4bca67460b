/** Compares the gallery's search with the recognition network and with usearch itself. */

import { exactSearch, MetricKind } from "usearch";
import { LOCAL_PATHS } from "../../../shared/local_paths.ts";
import type { Gallery } from "../../../matching/gallery.ts";
import { createMatcher } from "../../../matching/match.ts";
import { openSession } from "../../../worker/inference/session.ts";
import { normalize } from "../../../matching/vector.ts";
import { digits, type Finding, printFindings } from "../budget.ts";
import { median, type PairedTimes, ratioOf, timeInTurns } from "../timing.ts";

const DIMENSION = 512;
const FACE_SHAPE: readonly number[] = [1, 3, 112, 112];

/** Measures a search in 2,000 templates and a search in 100,000. Needs 300 MB of memory. */
export async function measureMatch(): Promise<Finding[]> {
  const recognition = await Deno.readFile(LOCAL_PATHS.recognition);
  await using session = await openSession(recognition, "recognition");
  const face = Float32Array.from({ length: 3 * 112 * 112 }, (_, i) => Math.sin(i));
  const probe = randomTemplates(1);
  const small = createMatcher(randomGallery(2_000));
  const gallery = randomGallery(100_000);
  const large = createMatcher(gallery);
  const { vectors } = gallery.segments[0]!;
  const beside = {
    embedding: await timeInTurns(100, () => small(probe), () => session.run(face, FACE_SHAPE)),
    usearch: await timeInTurns(
      200,
      () => large(probe),
      () => exactSearch(vectors, probe, DIMENSION, 1, MetricKind.IP, 1),
    ),
  };
  return [
    finding("match over 2,000 templates ÷ embedding", beside.embedding, 0.15),
    // The gallery searches rounded vectors, so the ratio should be far below 1: 0.25 to 0.4. A ratio
    // near 1 would mean that it searches the vectors themselves.
    finding("match over 100,000 templates ÷ usearch exact", beside.usearch, 0.6),
  ];
}

function finding(what: string, times: PairedTimes, budget: number): Finding {
  const detail = `${digits(median(times.a))} ms ÷ ${digits(median(times.b))} ms`;
  return { what, measured: ratioOf(times), budget, bound: "at most", detail };
}

/** Returns a gallery of one segment, with one template for each user. */
function randomGallery(size: number): Gallery {
  const users = Array.from({ length: size }, (_, i) => ({ userId: `${i}`, name: `User ${i}` }));
  const indexOf = new Map(users.map(({ userId }, i) => [userId, i]));
  const templateCounts = users.map(() => 1);
  const segments = [{ first: 0, vectors: randomTemplates(size) }];
  return { dimension: DIMENSION, users, indexOf, templateCounts, segments, size };
}

function randomTemplates(size: number): Float32Array {
  const templates = new Float32Array(size * DIMENSION);
  for (let i = 0; i < templates.length; i += DIMENSION) {
    const template = templates.subarray(i, i + DIMENSION);
    for (let j = 0; j < DIMENSION; j++) template[j] = Math.random() - 0.5;
    normalize(template, template);
  }
  return templates;
}

if (import.meta.main) printFindings(await measureMatch());
