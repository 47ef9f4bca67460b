import { element } from "./element.js";
import { toJpeg } from "./picture.js";

/**
 * Explains why there is no camera, by the name of the browser's error.
 *
 * @type {Readonly<Record<string, string>>}
 */
const REASONS = {
  NotAllowedError: "The camera is not allowed. Allow it for this page in the browser's settings.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera cannot be used. Close other programs that use it.",
};
const INSECURE =
  "Browsers allow the camera only on pages from HTTPS or localhost. Choose a picture instead.";

/**
 * Sets up the buttons of the camera.
 *
 * @param {(photo: Blob) => void} onPhoto
 * @returns {{ close: () => void }}
 */
export function setUpCamera(onPhoto) {
  const open = element("open-camera", HTMLButtonElement);
  const panel = element("camera", HTMLElement);
  const video = element("video", HTMLVideoElement);
  const takePhoto = element("take-photo", HTMLButtonElement);
  const note = element("camera-note", HTMLElement);
  const devices = "mediaDevices" in navigator ? navigator.mediaDevices : undefined;

  // Without mediaDevices, a phone can still open its camera app, which needs no permission.
  if (devices === undefined && matchMedia("(pointer: coarse)").matches) {
    open.hidden = true;
    element("phone-camera", HTMLElement).hidden = false;
  }

  /** Increased by close(). A camera that opens later notices this and is stopped. */
  let opened = 0;

  async function start() {
    note.textContent = "";
    if (devices === undefined) {
      note.textContent = INSECURE;
      return;
    }
    open.disabled = true;
    const wanted = opened;
    try {
      const stream = await devices.getUserMedia({
        video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } },
      });
      if (wanted !== opened) {
        stop(stream);
        return;
      }
      video.srcObject = stream;
      panel.hidden = false;
      open.hidden = true;
      await video.play();
      takePhoto.focus();
    } catch (error) {
      close();
      const name = error instanceof DOMException ? error.name : "";
      note.textContent = REASONS[name] ?? "The camera could not be started.";
    } finally {
      open.disabled = false;
    }
  }

  function close() {
    opened++;
    if (video.srcObject instanceof MediaStream) stop(video.srcObject);
    video.srcObject = null;
    panel.hidden = true;
    open.hidden = false;
  }

  open.addEventListener("click", start);
  takePhoto.addEventListener("click", async () => {
    takePhoto.disabled = true;
    const photo = await toJpeg(video, video.videoWidth, video.videoHeight);
    takePhoto.disabled = false;
    close();
    open.focus();
    onPhoto(photo);
  });
  element("close-camera", HTMLButtonElement).addEventListener("click", () => {
    close();
    open.focus();
  });
  return { close };
}

/** @param {MediaStream} stream */
function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}
