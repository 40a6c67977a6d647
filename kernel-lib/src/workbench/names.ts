import { InputError } from "../errors";
import { maxNameLength } from "./workbenchState";

/** A name as typed, without control characters and blanks around it. @throws InputError if nothing is left, or it is too long */
export function checkedName(given: string, kind: string): string {
  // Control characters such as line breaks would break tables and files
  const name = given.replace(/\p{Cc}+/gu, " ").trim();
  if (name === "") throw InputError.of(`A ${kind} needs a name.`);
  if (name.length > maxNameLength) {
    throw InputError.of(
      `The name of a ${kind} may have ${maxNameLength} characters; this one has ${name.length}.`,
    );
  }
  return name;
}
