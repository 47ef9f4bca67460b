import { openStore } from "../../gallery/store/open_store.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { testGalleryStore } from "./gallery_store_contract.ts";

testGalleryStore(async () => {
  const folder = await temporaryFolder();
  return {
    open: (options) => openStore(folder.path("gallery"), options),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}, (name, body) => Deno.test(`SQLite store: ${name}`, body));
