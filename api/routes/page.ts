/** `GET /`: a page to try the service. The files of the page are imported, not read at run time. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { allows } from "../callers/check_scopes.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import answer from "../page/answer.js" with { type: "text" };
import camera from "../page/camera.js" with { type: "text" };
import confirm from "../page/confirm.js" with { type: "text" };
import docsCss from "../page/docs.css" with { type: "text" };
import element from "../page/element.js" with { type: "text" };
import enrol from "../page/enrol.js" with { type: "text" };
import explanations from "../page/explanations.js" with { type: "text" };
import fileInput from "../page/file_input.js" with { type: "text" };
import icon from "../page/icon.svg" with { type: "text" };
import index from "../page/index.html" with { type: "text" };
import key from "../page/key.js" with { type: "text" };
import knownModels from "../page/known_models.js" with { type: "text" };
import lastAnswer from "../page/last_answer.js" with { type: "text" };
import make from "../page/make.js" with { type: "text" };
import newPerson from "../page/new_person.js" with { type: "text" };
import pageCss from "../page/page.css" with { type: "text" };
import page from "../page/page.js" with { type: "text" };
import people from "../page/people.js" with { type: "text" };
import personItem from "../page/person_item.js" with { type: "text" };
import personForm from "../page/person_form.js" with { type: "text" };
import picture from "../page/picture.js" with { type: "text" };
import quality from "../page/quality.js" with { type: "text" };
import recognise from "../page/recognise.js" with { type: "text" };
import request from "../page/request.js" with { type: "text" };
import shots from "../page/shots.js" with { type: "text" };
import staticGallery from "../page/static_gallery.js" with { type: "text" };
import userId from "../page/user_id.js" with { type: "text" };
import users from "../page/users.js" with { type: "text" };
import views from "../page/views.js" with { type: "text" };

const SCRIPTS = {
  answer,
  camera,
  confirm,
  element,
  enrol,
  explanations,
  file_input: fileInput,
  key,
  known_models: knownModels,
  last_answer: lastAnswer,
  make,
  new_person: newPerson,
  page,
  people,
  person_item: personItem,
  person_form: personForm,
  picture,
  quality,
  recognise,
  request,
  shots,
  static_gallery: staticGallery,
  user_id: userId,
  users,
  views,
};

/** The pages load only files of this origin and the picture that the user has chosen. */
const HEADERS = {
  "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'; require-trusted-types-for 'script'",
  "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
  "Referrer-Policy": "no-referrer",
} as const;

/** Adds the page and the files that it loads. */
export function addPage(app: OpenAPIHono<ServiceEnv>): void {
  addText(app, "/", "text/html", index);
  addText(app, "/page/page.css", "text/css", pageCss);
  addText(app, "/page/docs.css", "text/css", docsCss);
  addText(app, "/page/icon.svg", "image/svg+xml", icon);
  for (const [name, script] of Object.entries(SCRIPTS)) {
    addText(app, `/page/${name}.js`, "text/javascript", script);
  }
}

/** Adds a file that a browser shows or runs. */
export function addText(
  app: OpenAPIHono<ServiceEnv>,
  path: string,
  type: string,
  text: string,
): void {
  const headers = { ...HEADERS, "Content-Type": `${type}; charset=utf-8` };
  app.get(path, allows("everybody"), (c) => c.body(text, 200, headers));
}
