// Gaussians that move as rigid bodies, as in src/network/rigidBodies.ts. Joined to head.wgsl.
//
// After the rotations of the units, `neutral` has for each Gaussian of a unit the number of its body from 1, or 0, and its number among
// the members of all bodies; for each body the number of its first member, how many there are, its centre and its inverse inertia; then
// the Gaussian of each member.

/** Bodies of a unit. */
override bodies: u32;
/** Where their motions start among the activations: rotation vector and shift, six numbers for each row and body. */
override motionsAt: u32;
/** Where the outputs start that give the shape of bodies, three for each member, and numbers from one row to the next. */
override shapeAt: u32;
override shapePitch: u32;

const bodyWords = 14u;

fn bodyTable(body: u32) -> u32 {
  return 7u * unitGaussians + 9u * units + body * bodyWords;
}

/** Number of the body of a Gaussian from 1, 0 for none. */
fn bodyOf(i: u32) -> u32 {
  return u32(neutral[5u * unitGaussians + 9u * units + 2u * i]);
}

/** Number of a Gaussian among the members of all bodies. */
fn memberOf(i: u32) -> u32 {
  return u32(neutral[5u * unitGaussians + 9u * units + 2u * i + 1u]);
}

/** The Gaussian of a member. */
fn gaussianOf(member: u32) -> u32 {
  return u32(neutral[bodyTable(bodies) + member]);
}

fn numbersAt(at: u32) -> vec3f {
  return vec3f(neutral[at], neutral[at + 1u], neutral[at + 2u]);
}

/** From the centre of its body, in the neutral model. */
fn armOf(body: u32, i: u32) -> vec3f {
  return neutralCentre(i) - numbersAt(bodyTable(body) + 2u);
}

/** The same in the shape that all particles share. */
fn shapedArm(row: u32, body: u32, i: u32) -> vec3f {
  let at = shapeAt + row * shapePitch + 3u * memberOf(i);
  return armOf(body, i) + gain * vec3f(activations[at], activations[at + 1u], activations[at + 2u]);
}

fn timesInverseInertia(body: u32, v: vec3f) -> vec3f {
  let at = bodyTable(body) + 5u;
  return vec3f(dot(numbersAt(at), v), dot(numbersAt(at + 3u), v), dot(numbersAt(at + 6u), v));
}

fn motionAt(row: u32, body: u32) -> u32 {
  return motionsAt + 6u * (row * bodies + body);
}

fn turnVector(row: u32, body: u32) -> vec3f {
  let at = motionAt(row, body);
  return vec3f(activations[at], activations[at + 1u], activations[at + 2u]);
}

/** A vector turned by a rotation vector. */
fn turnedBy(turn: vec3f, v: vec3f) -> vec3f {
  let angle = length(turn);
  if (angle < 1e-6) {
    return v + cross(turn, v);
  }
  let axis = turn / angle;
  return cos(angle) * v + sin(angle) * cross(axis, v) + (1.0 - cos(angle)) * dot(axis, v) * axis;
}

/** Displacement of a Gaussian of its own or with its body, box units. */
fn displaced(row: u32, i: u32) -> vec3f {
  if (bodies > 0u && bodyOf(i) > 0u) {
    let body = bodyOf(i) - 1u;
    let at = motionAt(row, body) + 3u;
    let shift = vec3f(activations[at], activations[at + 1u], activations[at + 2u]);
    return shift + turnedBy(turnVector(row, body), shapedArm(row, body, i)) - armOf(body, i);
  }
  return displacement(row, i);
}
