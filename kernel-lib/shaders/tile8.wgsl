// Rows of a product that a thread computes: many, so that a number that is read from workgroup memory is used eight times. For products
// with enough rows and columns to keep a large GPU busy with half as many threads.

const each = 8u;
