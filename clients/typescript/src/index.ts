// Typed requests, and a stream that resumes.
import createFetch, { type ClientOptions } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, paths } from "./schema.js";
export { follow, type FollowOptions } from "./follow.js";
export type Incident = components["schemas"]["Incident"];
export type Coverage = components["schemas"]["Coverage"];

// createClient returns a client whose paths, parameters and answers have the types of the document.
// Lists in a query have commas between their items.
export const createClient = (options: ClientOptions) =>
  createFetch<paths>({ querySerializer: { array: { style: "form", explode: false } }, ...options });
