/** Runs the command `deno task gallery`: moves, copies and checks the store of the gallery service. */

import process from "node:process";
import { ConfigError } from "../../shared/env.ts";
import { readRequireConsent } from "../../shared/contract/gallery_env.ts";
import { readStoreSettings } from "../../shared/local_store.ts";
import { createProgress } from "../../shared/progress.ts";
import { GalleryError } from "../../worker/gallery/gallery_entry.ts";
import { writeExportFile } from "../files/export_file.ts";
import { ExportFileError, readStandardInput } from "../files/input_file.ts";
import { openDatabase } from "../store/open_store.ts";
import { ConsentMissing, StoreDamaged, StoreUnavailable } from "../store/store.ts";
import { verifyDatabase } from "../store/verify_database.ts";
import { backupDatabase, writeBackup } from "./backup_database.ts";
import { forget } from "./forget.ts";
import { importFiles } from "./import_files.ts";
import { GALLERY_HELP, GALLERY_USAGE, type GalleryCommand, readGalleryCommand } from "./options.ts";
import { describeReport, verifyAudit } from "./verify_audit.ts";
import { explainFolderInUse, openStoreForCommand, readKeysForCommand } from "./store_settings.ts";

const EXPECTED_ERRORS = [ConfigError, ConsentMissing, ExportFileError, GalleryError, StoreDamaged];

/** Returns the exit code. */
async function main(args: string[]): Promise<number> {
  const options = readGalleryCommand(args);
  if (options === "help") {
    console.log(GALLERY_HELP);
    return 0;
  }
  if ("wrong" in options) {
    console.error(`${options.wrong}. ${GALLERY_USAGE}`);
    return 2;
  }
  try {
    return await run(options);
  } catch (error) {
    if (error instanceof StoreUnavailable) {
      const reason = error.cause instanceof Error ? error.cause.message : error.message;
      console.error(`The gallery's database cannot be used (${reason})`);
    } else if (EXPECTED_ERRORS.some((expected) => error instanceof expected)) {
      console.error((error as Error).message);
    } else throw error;
    return 1;
  }
}

async function run(options: GalleryCommand): Promise<number> {
  const settings = readStoreSettings(Deno.env);
  switch (options.command) {
    case "import": {
      const files = [];
      for (const path of options.files) {
        files.push(path === "-" ? await readStandardInput(Deno.stdin.readable) : { path });
      }
      await using store = await openStoreForCommand(settings, {
        mayCreate: true,
        requireConsent: readRequireConsent(Deno.env),
      });
      const { users, added } = await importFiles(store, files, {
        ...options,
        progress: createProgress(),
        onLeftOut: (line) => console.error(line),
      });
      console.log(`Imported ${users} users; ${added} templates are new`);
      return 0;
    }
    case "export": {
      await using store = await openStoreForCommand(settings, { mayCreate: false });
      const { users, templates } = await writeExportFile(options.file, store, options.collection);
      console.log(`Exported ${users} users with ${templates} templates to ${options.file}`);
      console.error(
        `${options.file} has biometric data that is not encrypted: delete it after the import`,
      );
      return 0;
    }
    case "backup":
      if (options.folder === "-") await writeBackup(settings, Deno.stdout.writable);
      else {
        await backupDatabase(settings, options.folder);
        console.log(`Copied the database to ${options.folder}`);
      }
      console.error(
        `The copy is of no use without the template keys (${settings.templateKeys}): keep them, too`,
      );
      return 0;
    case "verify-store": {
      const keys = await readKeysForCommand(settings, { mayCreate: false });
      await using database = await explainFolderInUse(() => openDatabase(settings.location));
      const { users, templates, faults } = await verifyDatabase(database, keys);
      for (const fault of faults) console.error(fault);
      if (faults.length > 0) return 1;
      console.log(`${users} users and ${templates} templates are in order`);
      return 0;
    }
    case "forget":
      console.log(await forget(settings, options));
      return 0;
    case "audit verify": {
      const report = await verifyAudit(settings, options.checkpoints);
      for (const fault of report.faults) console.error(fault);
      if (report.faults.length > 0) return 1;
      console.log(describeReport(report));
      return 0;
    }
  }
}

if (import.meta.main) process.exitCode = await main(Deno.args);
