import { assert, assertStringIncludes } from "@std/assert";
import { clusterTest, install, type Installed } from "./cluster.ts";
import { helm } from "./helm.ts";

const SMALL = ["poolSize=1", "api.replicas=0"];

async function notes({ release }: Installed): Promise<string> {
  const { ok, text } = await helm("get", "notes", release);
  assert(ok, text);
  return text;
}

clusterTest("the notes say what comes next, and warn of what is risky", async (t) => {
  await using installed = await install(...SMALL);
  const { release, api, worker } = installed;

  await t.step("an empty gallery: how to fill it", async () => {
    const text = await notes(installed);
    assertStringIncludes(text, "nobody is recognised yet");
    assertStringIncludes(text, `kubectl --namespace ${worker} create secret generic gallery`);
    assertStringIncludes(text, `helm test ${release} --namespace default`);
    assertStringIncludes(text, `kubectl --namespace ${api} port-forward service/${release}-api`);
    assert(!text.includes("WARNING"), text);
  });

  await t.step("a gallery given as a value: where Helm keeps it", async () => {
    // To --set a brace begins a list.
    await installed.upgrade(...SMALL, 'gallery.json=\\{"embeddings":[]}');
    const text = await notes(installed);
    assertStringIncludes(text, "WARNING: the gallery was given as a value");
    assert(!text.includes("nobody is recognised yet"), text);
  });

  await t.step("a missing policy, and namespaces of the user's own", async () => {
    await installed.upgrade(...SMALL, "admissionPolicy.enabled=false", "namespaces.create=false");
    const text = await notes(installed);
    assertStringIncludes(text, "WARNING: without admissionPolicy.enabled");
    assertStringIncludes(text, `kubectl label namespace ${api} ${worker} pod-security`);
  });

  await t.step("a namespace for both: what that gives away", async () => {
    await installed.upgrade(...SMALL, `namespaces.api=${worker}`);
    assertStringIncludes(
      await notes(installed),
      `WARNING: the api and the workers share the namespace ${worker}`,
    );
  });
});
