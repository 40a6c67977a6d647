// A product of real matrices, [rows · inner] × [inner · columns]. The file that is joined to this one says what the elements are:
// `rows()`, `columns`, `inner()`, `left(row, k)`, `right(k, column)`, and what is done with an element of the product:
// `put(row, column, value)`. A workgroup of 16 × 16 threads computes a tile of 32 × 32 elements, four per thread, from tiles of
// 32 × 16 and 16 × 32 elements in workgroup memory. Sums run over k in ascending order.

const edge = 32u;
const depth = 16u;
var<workgroup> leftTile: array<array<f32, depth>, edge>;
var<workgroup> rightTile: array<array<f32, edge>, depth>;

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) tile: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let corner = vec2u(tile.x, tile.y) * edge; // column, row
  let height = rows();
  let length = inner();
  var sum = vec4f();
  for (var start = 0u; start < length; start += depth) {
    for (var part = 0u; part < 2u; part++) {
      let index = thread + 256u * part;
      let row = index / depth;
      let k = index % depth;
      var value = 0.0;
      if (corner.y + row < height && start + k < length) {
        value = left(corner.y + row, start + k);
      }
      leftTile[row][k] = value;
      let rightK = index / edge;
      let column = index % edge;
      value = 0.0;
      if (start + rightK < length && corner.x + column < columns) {
        value = right(start + rightK, corner.x + column);
      }
      rightTile[rightK][column] = value;
    }
    workgroupBarrier();
    for (var k = 0u; k < depth; k++) {
      let a = vec2f(leftTile[local.y][k], leftTile[local.y + 16u][k]);
      let b = vec2f(rightTile[k][local.x], rightTile[k][local.x + 16u]);
      sum += a.xxyy * b.xyxy;
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let row = corner.y + local.y + 16u * (i / 2u);
    let column = corner.x + local.x + 16u * (i % 2u);
    if (row < height && column < columns) {
      put(row, column, sum[i]);
    }
  }
}
