// Row-wise softmax, one block of threads a row, blockDim.x a multiple of 32.
//
// The row is read twice: once for its maximum and its sum together (Milakov and Gimelshein, "Online normalizer
// calculation for softmax", 2018), once to write the quotient.

__device__ __forceinline__ real largest_of(real a, real b) { return a > b ? a : b; }

// Joins two partial results (maximum m, sum s of exp(x - m)) of disjoint parts of a row.
__device__ __forceinline__ void join(real &m, real &s, real other_m, real other_s) {
    real top = largest_of(m, other_m);
    // An empty part has s = 0 and the lowest m: exp() of a very negative number is 0, never NaN.
    s = s * exp(m - top) + other_s * exp(other_m - top);
    m = top;
}

__device__ __forceinline__ void join_warp(real &m, real &s) {
    for (int offset = 16; offset > 0; offset >>= 1) {
        real other_m = __shfl_down_sync(0xffffffffu, m, offset);
        real other_s = __shfl_down_sync(0xffffffffu, s, offset);
        join(m, s, other_m, other_s);
    }
}

extern "C" __global__ void softmax_rows(const number *x, number *out, int width) {
    const number *row = x + (long long)blockIdx.x * width;
    number *target = out + (long long)blockIdx.x * width;
    real m = (real)-1e30f, s = (real)0;
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        real value = (real)row[i];
        real top = largest_of(m, value);
        s = s * exp(m - top) + exp(value - top);
        m = top;
    }
    join_warp(m, s);
    __shared__ real warp_m[32], warp_s[32];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    if (lane == 0) { warp_m[warp] = m; warp_s[warp] = s; }
    __syncthreads();
    if (warp == 0) {
        m = lane < warps ? warp_m[lane] : (real)-1e30f;
        s = lane < warps ? warp_s[lane] : (real)0;
        join_warp(m, s);
        if (lane == 0) { warp_m[0] = m; warp_s[0] = s; }
    }
    __syncthreads();
    m = warp_m[0];
    s = warp_s[0];
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        target[i] = (number)(exp((real)row[i] - m) / s);
    }
}
