// Layer normalisation of rows, fused: one block of threads a row, blockDim.x a multiple of 32.
//
// Mean and variance in one pass. A thread adds its numbers less the first of them (shifted sums: no cancellation,
// whatever the row's mean), and parts are joined as in Chan, Golub and LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances", 1979. A second pass, out of the cache, scales and writes.

// Joins two partial results (count n, mean, sum of squared distances from it m2) of disjoint parts of a row.
__device__ __forceinline__ void join(real &n, real &mean, real &m2, real other_n, real other_mean, real other_m2) {
    real both = n + other_n;
    if (both > (real)0) {
        real delta = other_mean - mean, share = other_n / both;
        mean += delta * share;
        m2 += other_m2 + delta * delta * n * share;
        n = both;
    }
}

__device__ __forceinline__ void join_warp(real &n, real &mean, real &m2) {
    for (int offset = 16; offset > 0; offset >>= 1) {
        real other_n = __shfl_down_sync(0xffffffffu, n, offset);
        real other_mean = __shfl_down_sync(0xffffffffu, mean, offset);
        real other_m2 = __shfl_down_sync(0xffffffffu, m2, offset);
        join(n, mean, m2, other_n, other_mean, other_m2);
    }
}

extern "C" __global__ void layer_norm_rows(
    const number *x, const number *scale, const number *shift, number *out, int width, double epsilon
) {
    const number *row = x + (long long)blockIdx.x * width;
    number *target = out + (long long)blockIdx.x * width;
    real n = (real)0, mean = (real)0, m2 = (real)0;
    if ((int)threadIdx.x < width) {
        real origin = (real)row[threadIdx.x], sum = (real)0, squares = (real)0;
        for (int i = threadIdx.x; i < width; i += blockDim.x) {
            real distance = (real)row[i] - origin;
            sum += distance;
            squares += distance * distance;
            n += (real)1;
        }
        mean = origin + sum / n;
        m2 = squares - sum * sum / n;
    }
    join_warp(n, mean, m2);
    __shared__ real warp_n[32], warp_mean[32], warp_m2[32];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    if (lane == 0) { warp_n[warp] = n; warp_mean[warp] = mean; warp_m2[warp] = m2; }
    __syncthreads();
    if (warp == 0) {
        n = lane < warps ? warp_n[lane] : (real)0;
        mean = lane < warps ? warp_mean[lane] : (real)0;
        m2 = lane < warps ? warp_m2[lane] : (real)0;
        join_warp(n, mean, m2);
        if (lane == 0) { warp_mean[0] = mean; warp_m2[0] = m2; }
    }
    __syncthreads();
    mean = warp_mean[0];
    real inverse = (real)1 / sqrt(warp_m2[0] / (real)width + (real)epsilon);
    for (int i = threadIdx.x; i < width; i += blockDim.x) {
        target[i] = (number)(((real)row[i] - mean) * inverse * (real)scale[i] + (real)shift[i]);
    }
}
