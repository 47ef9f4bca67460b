import { element } from "./element.js";
import { toJpeg } from "./picture.js";

/**
 * What a person can do when there is no camera, by the name of the browser's error.
 *
 * @type {Readonly<Record<string, string>>}
 */
const REASONS = {
  NotAllowedError: "The camera is not allowed. Allow it for this page in the browser's settings.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera cannot be used. Does another program use it?",
};
const INSECURE =
  "Browsers give the camera to pages from HTTPS or localhost only. Choose a picture.";

/**
 * Makes the camera's buttons work.
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

  // A phone's own camera program needs no permission.
  if (devices === undefined && matchMedia("(pointer: coarse)").matches) {
    open.hidden = true;
    element("phone-camera", HTMLElement).hidden = false;
  }

  /** Raised by close(): what was asked for before is not wanted any more. */
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
