/** Searches bytes for secrets. A part of a secret is found, too. */

/** Names of secrets, and the forms in which each could be stored. */
export type Secrets = ReadonlyMap<string, readonly Uint8Array[]>;

/** Searches one content after the other. */
export interface ByteSearch {
  /** Longest piece that is searched for. Contents that follow each other must overlap by as much. */
  readonly pieceBytes: number;
  /** Names of the secrets that were found so far. */
  readonly found: ReadonlySet<string>;
  /** Searches a content at every offset. */
  search(content: Uint8Array): void;
}

/** Length of the pieces: no other content has so many bytes of a secret by chance. */
const PIECE_BYTES = 32;
const HASH_BITS = 20;

/**
 * Makes a search. Each secret is cut into pieces, and one of them is enough. A form of fewer bytes is
 * one piece.
 */
export function createByteSearch(secrets: Secrets, pieceBytes = PIECE_BYTES): ByteSearch {
  const pieces = new Map<number, { readonly name: string; readonly piece: Uint8Array }[]>();
  /** 1 for the hash of the first four bytes of each piece: most content is left out by one look. */
  const starts = new Uint8Array(1 << HASH_BITS);
  for (const [name, forms] of secrets) {
    for (const piece of forms.flatMap((form) => cut(form, pieceBytes))) {
      if (isDull(piece)) continue;
      const start = startOf(piece);
      starts[hash(start)] = 1;
      pieces.set(start, [...pieces.get(start) ?? [], { name, piece }]);
    }
  }
  const found = new Set<string>();
  return {
    pieceBytes,
    found,
    search(content) {
      let start = startOf(content) << 8;
      for (let i = 0, next = 3; next < content.length; i++, next++) {
        start = (start >>> 8) | content[next]! << 24;
        if (starts[hash(start)] === 0) continue;
        for (const { name, piece } of pieces.get(start) ?? []) {
          if (piece.every((byte, j) => byte === content[i + j])) found.add(name);
        }
      }
    },
  };
}

function cut(secret: Uint8Array, pieceBytes: number): Uint8Array[] {
  if (secret.length <= pieceBytes) return [secret];
  const count = Math.floor(secret.length / pieceBytes);
  return Array.from(
    { length: count },
    (_, i) => secret.slice(i * pieceBytes, (i + 1) * pieceBytes),
  );
}

/** True for bytes that other content could have, too: few different ones, or zeros at the start. */
const isDull = (piece: Uint8Array): boolean =>
  new Set(piece).size < piece.length / 3 || startOf(piece) === 0;

/** Returns the first four bytes as one number. */
const startOf = (bytes: Uint8Array): number =>
  bytes[0]! | bytes[1]! << 8 | bytes[2]! << 16 | bytes[3]! << 24;

const hash = (start: number): number => Math.imul(start, 0x9e3779b1) >>> (32 - HASH_BITS);
