// `node tests/bench/hdfStack.mjs FILE IMAGES BOX`: an HDF5 stack in EMAN2's layout, with the attributes that EMAN2 writes into the headers
// of particles; all images are 0.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const entry = createRequire(import.meta.url).resolve("h5wasm/node");
const { default: h5wasm } = await import(pathToFileURL(entry).href);
await h5wasm.ready;

const [file, images, box] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const stack = new h5wasm.File(file, "w");
const group = stack.create_group("MDF").create_group("images");
group.create_attribute("imageid_max", images - 1, [], "<i");
const integers = {
  nx: box,
  ny: box,
  nz: 1,
  is_complex: 0,
  datatype: 7,
  changecount: 2,
  ctf_phase_flipped: 1,
};
const numbers = {
  apix_x: 3,
  apix_y: 3,
  apix_z: 3,
  mean: 0,
  sigma: 1,
  minimum: -3,
  maximum: 3,
  square_sum: box * box,
};
const texts = { ptcl_source_image: "micrographs/mic.hdf", data_source: "particles/mic.hdf" };
for (let i = 0; i < images; i++) {
  const image = group.create_group(String(i));
  const add = (name, value, ...type) => image.create_attribute(`EMAN.${name}`, value, ...type);
  for (const [name, value] of Object.entries(integers)) add(name, value, [], "<i");
  for (const [name, value] of Object.entries(numbers)) add(name, value, [], "<f");
  for (const [name, value] of Object.entries(texts)) add(name, value);
  add("source_n", i, [], "<i");
  add("ctf", `E${(1 + (i % 7) / 10).toFixed(4)} 0.01 45 0 10 300 2.7 3`);
  image.create_dataset({ name: "image", data: new Float32Array(box * box), shape: [box, box] });
}
stack.close();
