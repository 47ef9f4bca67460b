/** Judges the quality gate: the good photos that it refuses, and the bad ones that it accepts. */

import type { QualityBounds } from "../../../models/calibration.ts";
import type { RecognizedFace } from "../../pipeline/pipeline.ts";
import { findQualityFault } from "../../pipeline/quality.ts";
import { cosine } from "../../../matching/vector.ts";
import { fitQualityBounds, QUARTER_TURNS } from "../calibrate/fit_quality.ts";
import type { SpoiledFaces } from "../spoil_photos.ts";

/** Photos of several people that have the same fault, or none. */
export interface GateSample {
  /** Name of the fault, or of the good photos. */
  readonly name: string;
  /** Faces of each person's photos; undefined when the pipeline refused a photo. */
  readonly faces: SpoiledFaces;
}

/** Number of photos or comparisons, without the gate and with it. */
export interface Effect {
  readonly without: number;
  readonly with: number;
}

/** Effect of the gate on the photos of one {@linkcode GateSample}. */
export interface GateEffect {
  readonly name: string;
  /** Number of photos. */
  readonly photos: number;
  /** Number of photos that are enrolled. */
  readonly enrolled: Effect;
  /**
   * Number of comparisons in which a stranger is accepted as a user. The user's only template is a
   * photo with the fault. The stranger sends a good photo and one with the same fault.
   */
  readonly strangers: Effect;
  /** Number of comparisons with strangers. */
  readonly comparisons: number;
}

/**
 * Judges bounds on people.
 *
 * @param good Good photos of the people
 * @param samples Samples to judge, with the same people in the same order
 * @param bounds Bounds of the gate
 * @param threshold Smallest cosine of a match
 */
export function judgeGate(
  good: SpoiledFaces,
  samples: readonly GateSample[],
  bounds: QualityBounds,
  threshold: number,
): GateEffect[] {
  const passes = ({ quality }: RecognizedFace) => findQualityFault(quality, bounds) === undefined;
  return samples.map(({ name, faces }) => {
    const effect = {
      name,
      photos: faces.flat().length,
      enrolled: { without: 0, with: 0 },
      strangers: { without: 0, with: 0 },
      comparisons: 0,
    };
    faces.forEach((photos, user) => {
      const probes = (faces === good ? [good] : [good, faces])
        .flatMap((people) => people.filter((_, person) => person !== user).flat());
      effect.comparisons += photos.length * probes.length;
      for (const template of photos) {
        if (template === undefined) continue;
        effect.enrolled.without++;
        if (passes(template)) effect.enrolled.with++;
        for (const probe of probes) {
          if (probe === undefined) continue;
          if (cosine(template.embedding, probe.embedding) < threshold) continue;
          effect.strangers.without++;
          if (passes(template) && passes(probe)) effect.strangers.with++;
        }
      }
    });
    return effect;
  });
}

/** Result of {@linkcode crossJudgeGate}. */
export interface CrossJudgement {
  /** Sums over both halves of the people. */
  readonly effects: readonly GateEffect[];
  /** Bounds fitted to the first half, and those fitted to the second half. */
  readonly bounds: readonly QualityBounds[];
}

/**
 * Fits the bounds to the first half of the people and judges them on the second half. Then exchanges
 * the halves, and adds up both results.
 *
 * @param good Good photos of the people; the list is divided in its middle
 * @param samples Samples to judge; those of QUARTER_TURNS must be among them
 * @param threshold Smallest cosine of a match
 * @throws {RangeError} when there are fewer than four people with an accepted photo in each half
 */
export function crossJudgeGate(
  good: SpoiledFaces,
  samples: readonly GateSample[],
  threshold: number,
): CrossJudgement {
  const middle = Math.floor(good.length / 2);
  const halves = [[0, middle], [middle, good.length]] as const;
  const bounds = halves.map(([from, to]) => {
    const lengths = lengthsOf(good.slice(from, to));
    if (to - from < 2 || lengths.length === 0) {
      throw new RangeError("The quality gate can be judged only on photos of four people or more");
    }
    const turned = samples.filter(({ name }) => QUARTER_TURNS.some((turn) => turn.name === name));
    return fitQualityBounds(lengths, turned.map(({ faces }) => lengthsOf(faces.slice(from, to))));
  });
  const results = halves.map(([from, to], i) => {
    const half = good.slice(from, to);
    const parts = samples.map(({ name, faces }) => ({
      name,
      faces: faces === good ? half : faces.slice(from, to),
    }));
    return judgeGate(half, parts, bounds[1 - i]!, threshold);
  });
  return { effects: results[0]!.map((effect, i) => add(effect, results[1]![i]!)), bounds };
}

function lengthsOf(faces: SpoiledFaces): number[] {
  return faces.flat().flatMap((face) => face === undefined ? [] : [face.quality.embeddingLength]);
}

function add(a: GateEffect, b: GateEffect): GateEffect {
  const sum = (x: Effect, y: Effect) => ({ without: x.without + y.without, with: x.with + y.with });
  return {
    name: a.name,
    photos: a.photos + b.photos,
    enrolled: sum(a.enrolled, b.enrolled),
    strangers: sum(a.strangers, b.strangers),
    comparisons: a.comparisons + b.comparisons,
  };
}
