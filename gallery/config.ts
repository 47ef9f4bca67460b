/** Reads the gallery service's configuration from its environment. */

import { z } from "zod";
import type { MatchConfig } from "../matching/score.ts";
import { type FacePolicy, facePolicy } from "../shared/contract/face_policy.ts";
import { GALLERY_ENV } from "../shared/contract/gallery_env.ts";
import { type Environment, parseEnv } from "../shared/env.ts";
import { type TokenKeyLocation, tokenKeyLocation } from "../shared/http/token_key_location.ts";
import type { LogOptions } from "../shared/log.ts";
import type { TriesPolicy } from "./store/tries_policy.ts";

/** The gallery service's settings, parsed once at the start. */
export interface GalleryConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: LogOptions;
  /** Folder of SQLite, or URL of PostgreSQL. */
  readonly store: string;
  /** Path of the file with the keys that encrypt templates. */
  readonly templateKeysPath: string;
  /** Place of the public keys that verify tokens. */
  readonly tokenKeys: TokenKeyLocation;
  readonly match: MatchConfig;
  readonly policy: FacePolicy;
  readonly tries: TriesPolicy;
  /** Path of a calibration for a model that is not in the manifest. */
  readonly calibrationPath: string | undefined;
  readonly bodyTimeoutMs: number;
  /** True: only users with a consent_ref get templates. */
  readonly requireConsent: boolean;
  /** Milliseconds after which events of the audit are deleted. */
  readonly auditKeptMs: number;
  /**
   * True when the service must exit as soon as its standard input ends. The input ends with the
   * process that started the service.
   */
  readonly exitOnStdinEof: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;

const GalleryEnvSchema = z.object(GALLERY_ENV);

/**
 * Reads the configuration.
 *
 * @throws {ConfigError} naming each variable that is missing or invalid
 */
export function readGalleryConfig(env: Environment): GalleryConfig {
  const values = parseEnv(GalleryEnvSchema, env);
  return Object.freeze({
    host: values.HOST,
    port: values.PORT,
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT, service: "gallery" },
    store: values.GALLERY_STORE,
    templateKeysPath: values.TEMPLATE_KEYS_PATH,
    tokenKeys: tokenKeyLocation(
      "GALLERY_TOKEN_PUBLIC_KEYS",
      values.GALLERY_TOKEN_PUBLIC_KEYS_PATH,
      values.GALLERY_TOKEN_PUBLIC_KEYS,
    ),
    match: { on: values.MATCH_ON, threshold: values.MATCH_THRESHOLD },
    policy: facePolicy(values),
    tries: {
      free: values.TRIES_FREE,
      waitMs: 1000 * values.TRIES_WAIT_SECONDS,
      lockAfter: values.TRIES_LOCK_AFTER,
      userLockAfter: values.TRIES_USER_LOCK_AFTER || undefined,
      searches: values.TRIES_SEARCHES || undefined,
    },
    calibrationPath: values.MODEL_CALIBRATION,
    bodyTimeoutMs: values.BODY_TIMEOUT_MS,
    requireConsent: values.REQUIRE_CONSENT,
    auditKeptMs: values.AUDIT_KEPT_DAYS * DAY_MS,
    exitOnStdinEof: values.EXIT_ON_STDIN_EOF,
  });
}
