// Runs a kernel's source on the processor: a thread for each thread of a block, one block after the other.
//
// Compiled with -include of the kernel's types, -DKERNEL=<its file> and -DLAUNCH=<the call>. Reads rows, width, x, scale
// and shift from standard input, writes out.
#include <barrier>
#include <cmath>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#define __device__
#define __forceinline__ inline
#define __global__
#define __shared__ static

struct Dim { int x; };
thread_local Dim threadIdx, blockIdx;
static Dim blockDim;
static std::unique_ptr<std::barrier<>> block_barrier;
static std::vector<std::unique_ptr<std::barrier<>>> warp_barriers;
static double lanes[32][32];  // float64 holds whatever a lane hands to another

static void __syncthreads() { block_barrier->arrive_and_wait(); }

template <class T> T __shfl_down_sync(unsigned, T value, int offset) {
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    lanes[warp][lane] = value;
    warp_barriers[warp]->arrive_and_wait();
    T got = lane + offset < 32 ? (T)lanes[warp][lane + offset] : value;
    warp_barriers[warp]->arrive_and_wait();
    return got;
}

using std::exp;
using std::sqrt;
typedef NUMBER number;
typedef REAL real;
#include KERNEL

int main() {
    int shape[2];
    if (fread(shape, sizeof(int), 2, stdin) != 2) return 1;
    int rows = shape[0], width = shape[1];
    std::vector<number> x((size_t)rows * width), scale(width), shift(width), out(x.size());
    for (auto *values : {&x, &scale, &shift})
        if (fread(values->data(), sizeof(number), values->size(), stdin) != values->size()) return 1;
    blockDim.x = THREADS;
    block_barrier = std::make_unique<std::barrier<>>(THREADS);
    for (int warp = 0; warp < THREADS / 32; warp++) warp_barriers.push_back(std::make_unique<std::barrier<>>(32));
    std::vector<std::thread> threads;
    for (int thread = 0; thread < THREADS; thread++)
        threads.emplace_back([&, thread] {
            threadIdx.x = thread;
            for (int row = 0; row < rows; row++) {
                blockIdx.x = row;
                LAUNCH;
                __syncthreads();
            }
        });
    for (auto &thread : threads) thread.join();
    return fwrite(out.data(), sizeof(number), out.size(), stdout) == out.size() ? 0 : 1;
}
