/**
 * Takes the files that somebody chooses.
 *
 * @param {HTMLInputElement} input
 * @param {(files: readonly File[]) => void} onFiles
 * @param {() => boolean} isReady false to open no file chooser now
 */
export function takeChosenFiles(input, onFiles, isReady = () => true) {
  input.addEventListener("click", (event) => {
    if (!isReady()) event.preventDefault();
  });
  input.addEventListener("change", () => {
    const files = [...input.files ?? []];
    // Without this line, there is no event when the user chooses the same file again.
    input.value = "";
    if (files.length > 0) onFiles(files);
  });
}
