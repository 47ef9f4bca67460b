/** Splits text into lines. */

/** Longest line in UTF-16 code units: a user with more than 1,000 templates. */
const MAX_LINE_LENGTH = 16 * 1024 * 1024;

/** A stream that turns pieces of text into lines. The end of the last line may be missing. */
export class TextLineStream extends TransformStream<string, string> {
  /** @param maxLength Longest line; the stream fails with a RangeError at a longer one */
  constructor(maxLength = MAX_LINE_LENGTH) {
    let pieces: string[] = [], length = 0;
    super({
      transform(text, controller) {
        const [first, ...others] = text.split("\n") as [string];
        const add = (piece: string) => {
          length += piece.length;
          if (length > maxLength) throw new RangeError(`A line has more than ${maxLength} units`);
          pieces.push(piece);
        };
        add(first);
        for (const next of others) {
          controller.enqueue(pieces.join(""));
          [pieces, length] = [[], 0];
          add(next);
        }
      },
      flush(controller) {
        if (length > 0) controller.enqueue(pieces.join(""));
      },
    });
  }
}
