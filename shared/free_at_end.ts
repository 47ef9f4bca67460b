/** Frees the memory of large arrays early. */

/**
 * Frees the memory of an array when the returned object is disposed of. The garbage collector would
 * free it, too, but much later: under load, pictures of many requests would fill the memory.
 *
 * @param array All arrays that share its buffer become empty. Not of WebAssembly's memory
 */
export function freeAtEnd(array: ArrayBufferView): Disposable {
  return {
    [Symbol.dispose]() {
      const { buffer } = array;
      if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
    },
  };
}
