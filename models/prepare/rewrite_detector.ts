/** Rewrites the last steps of a face detector. */

import { type Formula, type FormulaMatch, matchFormula } from "./match_formula.ts";
import {
  createDetailedNode,
  type DetailedGraph,
  hasBranches,
  readDetailedOnnx,
  writeDetailedOnnx,
} from "./onnx_graph.ts";
import { createDetailedFloatTensor, floatValues } from "./onnx_tensor.ts";
import { removeUnused } from "./remove_nodes.ts";
import { constantShape, lastDimension } from "./stated_shapes.ts";
import { FREE_WEIGHTS_IR_VERSION, type UnpackedModel } from "./unpack_model.ts";

/** UltraFace's scores, of two raw numbers for each anchor. */
const SCORES: Formula = ["Softmax axis=2", "raw"];

const firstTwo = (value: Formula): Formula => ["Slice axes=2 ends=2 starts=0", value];
const lastTwo = (value: Formula): Formula => [
  `Slice axes=2 ends=${2n ** 63n - 1n} starts=2`,
  value,
];

/** UltraFace's boxes as [centre, size], of four raw numbers for each anchor. */
const CENTRED: Formula = [
  "Concat axis=2",
  ["Add", ["Mul", ["Mul", firstTwo("raw"), "shift"], "extent"], "centre"],
  ["Mul", ["Exp", ["Mul", lastTwo("raw"), "growth"]], "size"],
];

/** UltraFace's boxes as [left, top, right, bottom]. */
const BOXES: Formula = [
  "Concat axis=2",
  ["Sub", firstTwo(CENTRED), ["Div", lastTwo(CENTRED), "two"]],
  ["Add", firstTwo(CENTRED), ["Div", lastTwo(CENTRED), "also two"]],
];

/** Makes [a, b, a, b] of a pair [a, b]. */
const TWICE = [[1, 0, 1, 0], [0, 1, 0, 1]];
/** Makes [−a/2, −b/2, a/2, b/2] of a pair [a, b]. */
const HALVES = [[-0.5, 0, 0.5, 0], [0, -0.5, 0, 0.5]];
const NOTHING = [[0, 0, 0, 0], [0, 0, 0, 0]];

/** A new node: its operation, its inputs, and its output. */
type Step = readonly [operation: string, inputs: string[], output: string];

/**
 * Rewrites the last steps of UltraFace. ONNX Runtime takes long for Softmax over two numbers, and for
 * taking tensors apart and putting them together. Products with small matrices take less time:
 *
 * - Softmax([a, b]) = 1 / (1 + exp([b − a, a − b])). In this form the larger score has the same bits as
 *   before, so the order of faces does not change.
 * - boxes = (raw · shift) ∘ extent + centre + exp(raw · growth) ∘ size, in which each factor has four
 *   columns. ONNX Runtime computes those of constants when it loads the model.
 *
 * A model without exactly these steps and shapes, a model with branches and a model of an old IR
 * version do not change.
 *
 * @param bytes An ONNX file
 * @throws {Error} when the bytes are not a protocol buffer
 */
export function rewriteDetector(bytes: Uint8Array<ArrayBuffer>): UnpackedModel {
  const model = readDetailedOnnx(bytes), { graph, irVersion } = model;
  const unchanged = { bytes, removed: 0 };
  if (graph === undefined || irVersion < FREE_WEIGHTS_IR_VERSION) return unchanged;
  if (hasBranches(graph)) return unchanged;
  const scores = matchFormula(graph, "scores", SCORES), boxes = matchFormula(graph, "boxes", BOXES);
  if (scores === undefined || boxes === undefined) return unchanged;
  if (!hasShapes(graph, boxes)) return unchanged;
  const raw = boxes.nameOf("raw"), twice = addMatrix(graph, "boxes/twice", TWICE);
  replace(graph, scores, [
    [
      "MatMul",
      [scores.nameOf("raw"), addMatrix(graph, "scores/signs", [[-1, 1], [1, -1]])],
      "scores/difference",
    ],
    ["Exp", ["scores/difference"], "scores/exp"],
    ["Add", ["scores/exp", addMatrix(graph, "scores/one", [[1]])], "scores/sum"],
    ["Reciprocal", ["scores/sum"], "scores"],
  ]);
  replace(graph, boxes, [
    [
      "Mul",
      [addMatrix(graph, "boxes/first", [...TWICE, ...NOTHING]), boxes.nameOf("shift")],
      "boxes/shift",
    ],
    [
      "Mul",
      [addMatrix(graph, "boxes/last", [...NOTHING, ...TWICE]), boxes.nameOf("growth")],
      "boxes/growth",
    ],
    ["MatMul", [boxes.nameOf("extent"), twice], "boxes/extent"],
    ["MatMul", [boxes.nameOf("centre"), twice], "boxes/centre"],
    ["MatMul", [boxes.nameOf("size"), addMatrix(graph, "boxes/halves", HALVES)], "boxes/size"],
    ["MatMul", [raw, "boxes/shift"], "boxes/shifts"],
    ["Mul", ["boxes/shifts", "boxes/extent"], "boxes/moved"],
    ["Add", ["boxes/moved", "boxes/centre"], "boxes/centres"],
    ["MatMul", [raw, "boxes/growth"], "boxes/growths"],
    ["Exp", ["boxes/growths"], "boxes/exp"],
    ["Mul", ["boxes/exp", "boxes/size"], "boxes/corners"],
    ["Add", ["boxes/centres", "boxes/corners"], "boxes"],
  ]);
  return { bytes: writeDetailedOnnx(model), removed: scores.nodes.size + boxes.nodes.size };
}

/** True when there are two scores for each anchor, and the constants have the shapes of UltraFace's. */
function hasShapes(graph: DetailedGraph, boxes: FormulaMatch): boolean {
  const scores = graph.output.find(({ name }) => name === "scores");
  const shape = (name: string) => constantShape(graph, boxes.nameOf(name));
  return scores !== undefined && lastDimension(scores) === 2n &&
    ["two", "also two"].every((name) => isTwo(graph, boxes.nameOf(name))) &&
    ["shift", "growth"].every((name) => shape(name)?.length === 0) &&
    ["extent", "centre", "size"].every((name) => shape(name)?.at(-1) === 2n);
}

function isTwo({ initializer }: DetailedGraph, name: string): boolean {
  const weight = initializer.find((tensor) => tensor.name === name);
  return weight !== undefined && floatValues(weight)?.join() === "2";
}

function addMatrix(graph: DetailedGraph, name: string, rows: number[][]): string {
  const dims = [rows.length, rows[0]!.length].map(BigInt);
  graph.initializer.push(createDetailedFloatTensor(name, dims, Float32Array.from(rows.flat())));
  return name;
}

/** Puts steps in the place of the last of the old nodes, which computes the same output. */
function replace(graph: DetailedGraph, { nodes: old }: FormulaMatch, steps: Step[]): void {
  const output = steps.at(-1)![2];
  graph.node = graph.node.flatMap((node) => {
    if (!old.has(node)) return [node];
    return node.output[0] === output ? steps.map((step) => createDetailedNode(...step)) : [];
  });
  removeUnused(graph, [...old]);
}
