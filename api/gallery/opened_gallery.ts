/** The gallery service, as the api knows it. */

/** A gallery service that the api can call. Disposing of it ends a service that the api started. */
export interface OpenedGallery extends AsyncDisposable {
  /** Returns the address of the service; undefined while a service that the api starts is down. */
  readonly url: () => URL | undefined;
  /**
   * Resolves when the service is ready; rejects when it cannot start. Only a service that the api
   * starts has this promise.
   */
  readonly started?: Promise<void>;
}

/** Returns the gallery service at an address, which somebody else runs. */
export function galleryAt(url: URL): OpenedGallery {
  return { url: () => url, [Symbol.asyncDispose]: () => Promise.resolve() };
}
