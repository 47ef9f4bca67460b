/** Generates files, or parts of files, from the services' settings and the chart's values. */

import { API_ENV, API_ENV_NAMES, GALLERY_PLACE_ENV, KUBERNETES_ENV } from "../../api/env.ts";
import { STORE_ENV_NAMES } from "../../shared/local_store.ts";
import { DENO_ENV } from "../../shared/process/deno_command.ts";
import {
  GALLERY_ENV_NAMES,
  GALLERY_OWN_ENV,
  TRIES_ENV_NAMES,
} from "../../shared/contract/gallery_env.ts";
import { POLICY_ENV, POLICY_ENV_NAMES, THRESHOLD_ENV } from "../../shared/contract/face_policy.ts";
import { AGREED_ENV, SERVICE_ENV } from "../../shared/contract/service_env.ts";
import {
  INSTANCE_ENV,
  RECOGNITION_ENV,
  WORKER_ENV_NAMES,
} from "../../shared/contract/worker_env.ts";
import {
  PROCESSES_ENV,
  SUPERVISOR_ENV_NAMES,
  SUPERVISOR_OWN_ENV,
} from "../../shared/contract/supervisor_env.ts";
import { DISABLE_TELEMETRY } from "../../worker/inference/telemetry.ts";
import { type ChartValue, readValues } from "./chart_values.ts";
import { GenerateError } from "./generate_error.ts";
import { markdownTable } from "../../shared/markdown_table.ts";
import { insertTable } from "./insert_table.ts";
import { writeEnvPermissions } from "./permissions.ts";
import { listSettings, type Setting } from "./setting_list.ts";
import { settingsTemplate } from "./settings_template.ts";
import { writeValuesSchema } from "./values_schema.ts";

/** Variables that the library @kubernetes/client-node reads, in addition to the api's settings. */
const KUBERNETES_CLIENT_ENV = ["KUBERNETES_SERVICE_PORT", "KUBECONFIG", "HOME"];

const PERMISSIONS = {
  // This api starts workers, and it ends when npx ends: shared/end_with_starter.ts.
  "api-local": [
    ...API_ENV_NAMES,
    ...Object.keys(RECOGNITION_ENV).filter((name) => !POLICY_ENV_NAMES.includes(name)),
    ...STORE_ENV_NAMES,
    ...TRIES_ENV_NAMES,
    "REQUIRE_CONSENT",
    "AUDIT_KEPT_DAYS",
    "npm_lifecycle_event",
    ...DENO_ENV,
  ],
  api: [...API_ENV_NAMES, "REQUIRE_CONSENT", ...KUBERNETES_CLIENT_ENV],
  worker: [...WORKER_ENV_NAMES, DISABLE_TELEMETRY],
  supervisor: [...SUPERVISOR_ENV_NAMES, ...DENO_ENV],
  gallery: GALLERY_ENV_NAMES,
  "gallery-command": [...STORE_ENV_NAMES, "REQUIRE_CONSENT"],
};

const TABLES = {
  api: { ...SERVICE_ENV, ...AGREED_ENV, ...API_ENV },
  gallery_place: GALLERY_PLACE_ENV,
  recognition: { ...RECOGNITION_ENV, ...THRESHOLD_ENV },
  kubernetes: KUBERNETES_ENV,
  supervisor: SUPERVISOR_OWN_ENV,
  worker: INSTANCE_ENV,
  gallery: GALLERY_OWN_ENV,
};

/** Both the gallery service and the workers can compare faces. */
const { MATCH_ON, MATCH_THRESHOLD, LIVENESS: _l, QUALITY: _q, ...OTHER_RECOGNITION_ENV } =
  RECOGNITION_ENV;

/** Reads a file of the project. */
export type ReadFile = (path: string) => Promise<string>;

/**
 * Returns the generated files by their paths.
 *
 * @param read Reads the present text of a file; parts that are not generated stay unchanged
 * @throws {GenerateError} when a source is bad, such as a setting without a description
 */
export async function generate(read: ReadFile): Promise<ReadonlyMap<string, string>> {
  const values = readValues(await read("charts/face-it/values.yaml"));
  const templates = {
    serviceSettings: listSettings({ ...SERVICE_ENV, ...AGREED_ENV }),
    apiSettings: listSettings({ ...KUBERNETES_ENV, ...API_ENV, ...GALLERY_PLACE_ENV }),
    supervisorSettings: listSettings({ ...PROCESSES_ENV, ...SUPERVISOR_OWN_ENV }),
    gallerySettings: listSettings({ ...SERVICE_ENV, ...GALLERY_OWN_ENV }),
    matchSettings: listSettings({ MATCH_ON, MATCH_THRESHOLD }),
    policySettings: listSettings(POLICY_ENV),
    workerSettings: listSettings(OTHER_RECOGNITION_ENV),
  };
  const settings = Object.values(templates).flat();
  assertValuesExist(settings, values);
  assertNoValue(listSettings(INSTANCE_ENV));

  const files = new Map<string, string>();
  const replace = async (path: string, write: (text: string) => string) =>
    void files.set(path, write(await read(path)));
  await replace("deno.json", (text) => writeEnvPermissions(text, PERMISSIONS));
  await replace("docs/configuration.md", writeSettingTables);
  await replace("charts/face-it/values.schema.json", (text) => writeValuesSchema(text, settings));
  await replace("charts/face-it/README.md", (text) => writeValuesTable(text, values));
  files.set("charts/face-it/templates/_settings.tpl", settingsTemplate(templates));
  return files;
}

function assertValuesExist(settings: readonly Setting[], values: readonly ChartValue[]): void {
  const paths = new Set(values.map(({ path }) => path));
  for (const { name, chartValue } of settings) {
    if (chartValue !== undefined && !paths.has(chartValue)) {
      throw new GenerateError(`${name} is set by ${chartValue}, but values.yaml has no such value`);
    }
  }
}

/** Refuses a chart value for settings that differ from worker to worker: a pod template sets these. */
function assertNoValue(settings: readonly Setting[]): void {
  for (const { name, chartValue } of settings) {
    if (chartValue !== undefined) {
      throw new GenerateError(
        `${name} cannot have a chart value: it differs from worker to worker`,
      );
    }
  }
}

function writeSettingTables(document: string): string {
  return Object.entries(TABLES).reduce((text, [name, shape]) => {
    const rows = listSettings(shape).map((setting) => [
      setting.name,
      setting.shownDefault ?? "none",
      setting.description,
    ]);
    return insertTable(text, name, markdownTable(["variable", "default", "what it sets"], rows));
  }, document);
}

function writeValuesTable(readme: string, values: readonly ChartValue[]): string {
  const rows = values.map(({ path, default: value, description }) => [
    `\`${path}\``,
    `\`${value}\``,
    description,
  ]);
  return insertTable(readme, "values", markdownTable(["value", "default", "what it sets"], rows));
}
