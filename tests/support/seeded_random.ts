/** Makes random numbers that are the same in every run. */

export { seededRandom } from "../../shared/seeded_random.ts";
