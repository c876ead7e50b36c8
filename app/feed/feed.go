package feed

const laidMost = 500
