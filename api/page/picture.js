/** The default of MAX_IMAGE_BYTES. */
const MAX_BYTES = 10 * 1024 * 1024;
const MAX_SIDE_PX = 4096;

/**
 * Returns the file, or the same picture with fewer pixels when the file has too many bytes.
 *
 * @param {Blob} file
 * @returns {Promise<Blob>}
 */
export async function fitted(file) {
  if (file.size <= MAX_BYTES) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, MAX_SIDE_PX / Math.max(bitmap.width, bitmap.height));
    const jpeg = await toJpeg(bitmap, bitmap.width * scale, bitmap.height * scale);
    bitmap.close();
    return jpeg;
  } catch {
    // The browser cannot decode the file. The service tells what is wrong with it.
    return file;
  }
}

/**
 * @param {ImageBitmap | HTMLVideoElement} source
 * @param {number} width in pixels
 * @param {number} height in pixels
 * @returns {Promise<Blob>}
 */
export async function toJpeg(source, width, height) {
  const canvas = new OffscreenCanvas(Math.round(width), Math.round(height));
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("There is not enough memory for a canvas");
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}
