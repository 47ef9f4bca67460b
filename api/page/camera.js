import { element, part } from "./element.js";
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
 * @typedef {object} CameraOptions
 * @property {boolean} [stayOpen] true to take several photos, one after the other
 * @property {() => boolean} [isReady] false to open no camera now
 */

/**
 * Puts the buttons of the camera into a part of the page.
 *
 * @param {HTMLElement} root
 * @param {(photo: Blob) => void | Promise<void>} onPhoto the next photo waits until this settles
 * @param {CameraOptions} options
 * @returns {{ close: () => void }}
 */
export function setUpCamera(
  root,
  onPhoto,
  { stayOpen = false, isReady = () => true } = {},
) {
  root.append(
    element("camera-template", HTMLTemplateElement).content.cloneNode(true),
  );
  const open = part(root, "open", HTMLButtonElement);
  const panel = part(root, "panel", HTMLElement);
  const video = part(root, "video", HTMLVideoElement);
  const takePhoto = part(root, "take", HTMLButtonElement);
  const closeButton = part(root, "close", HTMLButtonElement);
  const note = part(root, "note", HTMLElement);
  const devices = "mediaDevices" in navigator ? navigator.mediaDevices : undefined;
  if (stayOpen) closeButton.textContent = "Close";

  // Without mediaDevices, a phone can still open its camera app, which needs no permission.
  if (devices === undefined && matchMedia("(pointer: coarse)").matches) {
    open.hidden = true;
    part(root, "phone", HTMLElement).hidden = false;
  }

  /** Increased by close(). A camera that opens later notices this and is stopped. */
  let opened = 0;

  async function start() {
    note.textContent = "";
    if (!isReady()) return;
    if (devices === undefined) {
      note.textContent = INSECURE;
      return;
    }
    open.disabled = true;
    const wanted = opened;
    try {
      const stream = await devices.getUserMedia({
        video: {
          facingMode: "user",
          width: { ideal: 1280 },
          height: { ideal: 960 },
        },
      });
      if (wanted !== opened) {
        stop(stream);
        return;
      }
      video.srcObject = stream;
      for (const track of stream.getTracks()) {
        // Not when the page itself stops the camera.
        track.addEventListener("ended", () => {
          closeAndFocus();
          note.textContent = "The camera was disconnected.";
        });
      }
      // Before the first frame, there is nothing to take a photo of.
      takePhoto.ariaDisabled = "true";
      panel.hidden = false;
      open.hidden = true;
      await video.play();
      takePhoto.ariaDisabled = "false";
      takePhoto.focus();
    } catch (error) {
      // Closed meanwhile: this has ended the start, and has its own reason.
      if (wanted !== opened) return;
      close();
      const name = error instanceof DOMException ? error.name : "";
      note.textContent = REASONS[name] ?? "The camera could not be started.";
    } finally {
      open.disabled = false;
      // A disabled button has lost the focus.
      if (panel.hidden && document.activeElement === document.body) open.focus();
    }
  }

  function close() {
    opened++;
    if (video.srcObject instanceof MediaStream) {
      stop(video.srcObject);
      open.hidden = false;
    }
    video.srcObject = null;
    panel.hidden = true;
  }

  open.addEventListener("click", start);
  takePhoto.addEventListener("click", async () => {
    // A disabled button would lose the focus.
    if (takePhoto.ariaDisabled === "true") return;
    takePhoto.ariaDisabled = "true";
    try {
      const photo = await toJpeg(video, video.videoWidth, video.videoHeight);
      if (!stayOpen) {
        close();
        open.focus();
      }
      await onPhoto(photo);
    } finally {
      takePhoto.ariaDisabled = "false";
    }
  });
  const closeAndFocus = () => {
    close();
    open.focus();
  };
  closeButton.addEventListener("click", closeAndFocus);
  panel.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") closeAndFocus();
  });
  return { close };
}

/** @param {MediaStream} stream */
function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}
