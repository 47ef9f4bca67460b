// Files that are not moved yet import this from here.
export { assertRefusesToStart } from "./refuses_to_start.ts";
