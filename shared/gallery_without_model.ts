/** Line of the log for a gallery that does not name the model that made its templates. */
export const GALLERY_WITHOUT_MODEL =
  "the gallery does not name the recognition model that made it, so a change of the model would " +
  'not be noticed: enrol everybody again, or add "model_sha256" (docs/configuration.md)';
