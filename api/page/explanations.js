/** @import { ClientProblemCode } from "../../shared/contract/problem.ts" */

/**
 * Tells what a person can do about each error.
 *
 * @type {Readonly<Record<ClientProblemCode, string>>}
 */
export const EXPLANATIONS = {
  invalid_request: "The file is empty, or the name or the user ID is not valid.",
  invalid_image: "The picture is damaged or incomplete. Choose another file.",
  unauthorized: "This needs a key. Ask the operator of the service for one, and try again: the " +
    "page then asks for the key.",
  forbidden_scope:
    "The key may not do this. Ask the operator of the service for another key, then forget this one.",
  forbidden_origin:
    "The service does not accept requests from this page. Open the page at the address of " +
    "the service itself, or ask its operator to add the origin of this page to ALLOWED_ORIGINS.",
  not_found: "The page and the service may have different versions. Reload the page.",
  user_not_found: "There is no user with this user ID. The user may have been deleted.",
  method_not_allowed: "The page and the service may have different versions. Reload the page.",
  request_timeout:
    "The picture took too long to arrive. Try again with a better connection or a smaller picture.",
  gallery_is_static: "The operator of the service enrols and deletes users. Ask the operator.",
  too_many_templates: "The user has as many templates as a user may have. Delete one first.",
  consent_required:
    "The service enrols only people with a consent reference, and this person has none. Open the " +
    "person in the list of people, and store it there.",
  user_exists: "There is a user with this user ID. Type another user ID.",
  payload_too_large: "The picture has more bytes or pixels than the service accepts. " +
    "Choose a smaller one.",
  unsupported_media_type: "The file is not a JPEG, PNG or WebP picture. Choose another one.",
  unknown_host: "The service does not answer under this host name. Open the page under another " +
    "name, such as localhost, or ask its operator to add the name to ALLOWED_HOSTS.",
  no_face:
    "No face was found. Choose a picture that shows the whole face upright, from the front " +
    "and in good light. The face must be neither very small nor cut off at the edge.",
  multiple_faces: "The picture has several faces of about the same size. " +
    "Choose a picture of one person, or let that person come closer.",
  face_too_small: "The face is less than 40 pixels wide, or too small for such a large picture. " +
    "Come closer to the camera, or cut the picture so that the face fills more of it.",
  ambiguous_match:
    "The face matches several users. Type the user ID of the person: the face is then compared " +
    "only with this user.",
  face_not_upright:
    "The face lies on its side or is upside down. Turn the picture until the face is upright, " +
    "and ask again.",
  face_unclear:
    "The face is blurred, too dark, covered or turned away, so it could be taken for somebody " +
    "else's. Choose a picture that shows the whole face from the front, sharp and in good light, " +
    "without a mask or sunglasses.",
  not_live:
    "The face does not look like that of a live person. Look into the camera in good light, without " +
    "a screen or a printed picture.",
  not_the_same_person:
    "The face is unlike the user's other pictures. Choose a picture of the same " +
    "person, or delete the other templates first.",
  belongs_to_another_user: "The face matches another user, so it was not enrolled.",
  locked:
    "Too many attempts to be recognised as this user have failed. An administrator must unlock " +
    "the user, under People.",
  too_many_attempts: "Too many attempts have failed. Wait, then ask again.",
  too_many_requests: "Too many requests came from here. Wait a moment, then ask again.",
  internal: "Unexpected error. Find the request ID in the log of the service.",
  worker_failed:
    "The worker failed while it processed the picture. Try again: another worker will process it.",
  no_worker_available: "All workers are busy. Wait a moment, then ask again.",
  gallery_unavailable: "The service cannot compare faces now. Wait a moment, then try again.",
  issuer_unavailable: "The token cannot be checked now. Wait a moment, then ask again.",
  deadline_exceeded: "There was no answer in time. Try again; a smaller picture is faster.",
};
