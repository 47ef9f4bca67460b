import { assertEquals, assertStringIncludes } from "@std/assert";
import { connectionRisk } from "./connection_risk.ts";

Deno.test("a database on this machine, and one whose certificate is checked, have no risk", () => {
  for (
    const location of [
      "/data/gallery",
      "data",
      "postgres://localhost/faces",
      "postgres://user:p%40ss@127.0.0.1:5432/faces?application_name=a",
      "postgresql://[::1]:5432,localhost/faces",
      "postgres:///faces",
      "postgres://user@%2Fvar%2Frun%2Fpostgresql/faces",
      "postgres://user:password@db.example/faces?sslmode=verify-full",
      "postgres://db.example/faces?ssl=verify-full",
      "postgres://a.example,b.example:5433/faces?sslrootcert=system",
    ]
  ) {
    assertEquals(connectionRisk(location), undefined, location);
  }
});

Deno.test("an open connection, and one to an unknown database, have a risk, which quotes nothing", () => {
  const open = "may not be encrypted", unchecked = "certificate";
  for (
    const [location, risk] of [
      ["postgres://user:secret@db.secret/faces", open],
      ["postgres://user:secret@db.secret", open],
      ["postgres://localhost,db.secret/faces", open],
      ["postgres://db.secret/faces?sslmode=verify-full&sslmode=disable", open],
      ["postgres://user:verify-full@db.secret/faces?user=sslmode=verify-full", open],
      ["postgres://db.secret/faces?sslmode=prefer", open],
      ["postgres://db.secret/faces?sslmode=disable", open],
      ["postgresql://db.secret:5432/faces?sslmode=require", unchecked],
    ] as const
  ) {
    const found = connectionRisk(location) ?? "";
    assertStringIncludes(found, risk, location);
    assertEquals(found.includes("secret"), false);
  }
});
