// A product of complex matrices for each batch, [rows · inner] × [inner · columns]. The file that is joined to this one says what
// the elements are: `rows`, `columns`, `inner`, `left(batch, row, k)`, `right(batch, k, column)`, and what is done with an element
// of the product: `put(batch, row, column, value)`. A workgroup of 16 × 16 threads computes a tile of 32 × 32 elements, four per
// thread, from tiles of 32 × 16 and 16 × 32 elements in workgroup memory.

const edge = 32u;
const depth = 16u;
var<workgroup> leftTile: array<array<vec2f, depth>, edge>;
var<workgroup> rightTile: array<array<vec2f, edge>, depth>;

fn times(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) tile: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let batch = tile.z;
  let corner = vec2u(tile.x, tile.y) * edge; // column, row
  var sum: array<array<vec2f, 2>, 2>;
  for (var start = 0u; start < inner; start += depth) {
    for (var part = 0u; part < 2u; part++) {
      let index = thread + 256u * part;
      let row = index / depth;
      let k = index % depth;
      var value = vec2f();
      if (corner.y + row < rows && start + k < inner) {
        value = left(batch, corner.y + row, start + k);
      }
      leftTile[row][k] = value;
      let rightK = index / edge;
      let column = index % edge;
      value = vec2f();
      if (start + rightK < inner && corner.x + column < columns) {
        value = right(batch, start + rightK, corner.x + column);
      }
      rightTile[rightK][column] = value;
    }
    workgroupBarrier();
    for (var k = 0u; k < depth; k++) {
      let a0 = leftTile[local.y][k];
      let a1 = leftTile[local.y + 16u][k];
      let b0 = rightTile[k][local.x];
      let b1 = rightTile[k][local.x + 16u];
      sum[0][0] += times(a0, b0);
      sum[0][1] += times(a0, b1);
      sum[1][0] += times(a1, b0);
      sum[1][1] += times(a1, b1);
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 2u; i++) {
    for (var j = 0u; j < 2u; j++) {
      let row = corner.y + local.y + 16u * i;
      let column = corner.x + local.x + 16u * j;
      if (row < rows && column < columns) {
        put(batch, row, column, sum[i][j]);
      }
    }
  }
}
