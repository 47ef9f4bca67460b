/** Reads a photo that is sent to a service. */

import { sniffImageType } from "../../../../shared/contract/image_type.ts";
import { adviseConversion } from "../../../../shared/picture/other_formats.ts";
import { sha256 } from "../../../../shared/sha256.ts";

/** A larger file is not sent. Services accept 10 MiB by default. */
const MAX_PHOTO_BYTES = 64 * 1024 * 1024;

/** A photo to send. */
export interface Photo {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Type of the content, such as "image/jpeg". */
  readonly type: string;
  readonly sha256: string;
}

/** Returns the photo, or the reason why it is not sent. */
export async function readPhoto(path: string): Promise<Photo | string> {
  try {
    const { isFile, size } = await Deno.stat(path);
    // Does not open a named pipe: that would wait for a writer.
    if (!isFile) return "not_a_photo";
    if (size > MAX_PHOTO_BYTES) return `payload_too_large: more than ${MAX_PHOTO_BYTES} bytes`;
    const bytes = await Deno.readFile(path);
    const type = sniffImageType(bytes);
    if (type === undefined) return adviseConversion(bytes) ?? "not_a_photo";
    return { bytes, type, sha256: await sha256(bytes) };
  } catch {
    return "unreadable";
  }
}
