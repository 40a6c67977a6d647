// Rows of a product that a thread computes: few, so that a product of few rows is divided among many threads.

const each = 4u;
