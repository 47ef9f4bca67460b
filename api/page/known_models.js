/**
 * @typedef {object} KnownModel
 * @property {string} name
 * @property {number} minEmbeddingLength shorter embeddings are refused
 */

/** @type {KnownModel} */
const SFACE = { name: "SFace", minEmbeddingLength: 9.25 };
/** @type {KnownModel} */
const SMALL = {
  name: "fr_feature (the small model)",
  minEmbeddingLength: 2.63,
};

/**
 * The recognition models of models/manifest.json, by the sha256 of their files.
 *
 * @type {Readonly<Record<string, KnownModel>>}
 */
export const KNOWN_MODELS = {
  fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee: SFACE,
  d852510c2ad1cc7d5a6ecd028e6c4f2482f7b4850786eb366206cf6d5d4b109e: SFACE,
  "81c86860bf2a48fa136ba3575d47c6e35d9677424e28c5f2215f3d0a507704ae": SFACE,
  "87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581": SMALL,
  "5d558d578915e4904bae3e0ec6ea4b0b08d633b9af7f0a9ba5623243920446a5": SMALL,
  db4b57ecddbdd552541efbfbf28f3299a2ca2d1c4faf74dbc32cd118ba4a9922: SMALL,
  e80fbe8d3c9773637d28ffcca8147f9685eddf43cf69bbe2303adfbc3fc45bc7: SMALL,
};

/**
 * Names a recognition model.
 *
 * @param {string} sha256
 */
export function modelName(sha256) {
  return KNOWN_MODELS[sha256]?.name ?? `unknown model ${sha256.slice(0, 12)}`;
}

/**
 * True when two files have different recognition models, so that their templates are not compared.
 *
 * @param {string} sha256
 * @param {string} other
 */
export function areDifferent(sha256, other) {
  return sha256 !== other && modelName(sha256) !== modelName(other);
}
