/** Lets Chromium see a picture through a fake camera. */

import sharp from "sharp";
import { encoded, type Picture } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

/** A camera that sees one picture all the time. Disposing of it removes its film. */
export interface FakeCamera extends AsyncDisposable {
  /** Arguments of Chromium. */
  readonly args: readonly string[];
}

/** Makes a camera. */
export async function fakeCamera(picture: Picture): Promise<FakeCamera> {
  await using made = new AsyncDisposableStack();
  const folder = made.use(await temporaryFolder());
  const video = await folder.write("face.mjpeg", await film(picture));
  const owned = made.move();
  return {
    args: [
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-video-capture=${video}`,
    ],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Makes a video for Chromium's fake camera: two frames of the picture in Motion JPEG. */
async function film(picture: Picture): Promise<Uint8Array> {
  const frame = await encoded(
    sharp(picture).resize(640, 480, { fit: "contain" }).jpeg({ quality: 95 }),
  );
  return new Uint8Array([...frame, ...frame]);
}
