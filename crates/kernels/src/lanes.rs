//! What a vector of numbers is on each path, and how the path is chosen.

/// Which instructions are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Sixteen numbers at a time, fused multiply-add; x86-64 only.
    Avx512,
    /// Eight numbers at a time, fused multiply-add; x86-64 only.
    Avx2,
    /// What every processor has.
    Portable,
}

impl Path {
    /// The paths that this processor can take, the best first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut paths = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let fused = std::is_x86_feature_detected!("fma") && std::is_x86_feature_detected!("avx2");
            if fused && std::is_x86_feature_detected!("avx512f") {
                paths.push(Self::Avx512);
            }
            if fused {
                paths.push(Self::Avx2);
            }
        }
        paths.push(Self::Portable);
        paths
    }

    /// The fastest path that this processor can take.
    #[must_use]
    pub fn best() -> Self {
        static BEST: std::sync::OnceLock<Path> = std::sync::OnceLock::new();
        *BEST.get_or_init(|| Self::available().first().copied().unwrap_or(Self::Portable))
    }

    /// Numbers of a vector.
    #[must_use]
    pub fn width(self) -> usize {
        struct Width<'a>(&'a mut usize);
        impl Work for Width<'_> {
            #[inline(always)]
            fn run<L: Lanes>(self) {
                *self.0 = L::WIDTH;
            }
        }
        let mut width = 0;
        self.run(Width(&mut width));
        width
    }

    /// Numbers that a pixel takes, so that its channels fill whole vectors.
    #[must_use]
    pub fn pitch(self, channels: usize) -> usize {
        channels.next_multiple_of(self.width())
    }

    /// Does `work` with this path's vectors, or portably where the processor lacks the path.
    pub(crate) fn run<W: Work>(self, work: W) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if std::is_x86_feature_detected!("avx512f") => {
                // SAFETY: the processor has the instructions, as was just asked.
                unsafe { avx512(work) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") => {
                // SAFETY: the processor has the instructions, as was just asked.
                unsafe { avx2(work) }
            }
            _ => work.run::<Portable>(),
        }
    }
}

/// Something to do with vectors, compiled once for each path.
///
/// `run` and all it calls must be `#[inline(always)]`: only what is inlined gets the path's instructions.
pub(crate) trait Work {
    fn run<L: Lanes>(self);
}

/// # Safety
/// The processor must have AVX-512F, AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
unsafe fn avx512<W: Work>(work: W) {
    work.run::<Avx512>();
}

/// # Safety
/// The processor must have AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<W: Work>(work: W) {
    work.run::<Avx2>();
}

/// A vector of float32 numbers.
///
/// Methods of the x86 paths must only be reached through [`Path::run`], which has checked for the instructions.
pub(crate) trait Lanes: Copy {
    /// How many numbers it holds.
    const WIDTH: usize;
    type Vector: Copy;

    fn splat(x: f32) -> Self::Vector;
    /// `a · b + c`.
    fn multiply_add(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// # Safety
    /// `WIDTH` numbers must be readable at `from`.
    unsafe fn load(from: *const f32) -> Self::Vector;
    /// # Safety
    /// `WIDTH` numbers must be writable at `to`.
    unsafe fn store(to: *mut f32, x: Self::Vector);

    /// Swaps rows and columns.
    #[inline(always)]
    fn transpose(block: &mut [[f32; 8]; 8]) {
        let from = *block;
        for (i, row) in block.iter_mut().enumerate() {
            for (to, from) in row.iter_mut().zip(&from) {
                *to = from[i];
            }
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Lanes for Portable {
    const WIDTH: usize = 4;
    type Vector = [f32; 4];

    #[inline(always)]
    fn splat(x: f32) -> [f32; 4] {
        [x; 4]
    }

    #[inline(always)]
    fn multiply_add(a: [f32; 4], b: [f32; 4], mut c: [f32; 4]) -> [f32; 4] {
        for i in 0..4 {
            // A fused operation that the processor lacks would be a call into a library.
            c[i] = if cfg!(target_arch = "aarch64") { a[i].mul_add(b[i], c[i]) } else { a[i] * b[i] + c[i] };
        }
        c
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        // SAFETY: four numbers are readable, says the caller.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, x: [f32; 4]) {
        // SAFETY: four numbers are writable, says the caller.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(x) }
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use std::arch::x86_64::*;

    #[derive(Clone, Copy)]
    pub(crate) struct Avx512;
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2;

    impl Lanes for Avx512 {
        const WIDTH: usize = 16;
        type Vector = __m512;

        #[inline(always)]
        fn splat(x: f32) -> __m512 {
            // SAFETY: only reached where the instructions exist.
            unsafe { _mm512_set1_ps(x) }
        }

        #[inline(always)]
        fn multiply_add(a: __m512, b: __m512, c: __m512) -> __m512 {
            // SAFETY: only reached where the instructions exist.
            unsafe { _mm512_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> __m512 {
            // SAFETY: sixteen numbers are readable, says the caller.
            unsafe { _mm512_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, x: __m512) {
            // SAFETY: sixteen numbers are writable, says the caller.
            unsafe { _mm512_storeu_ps(to, x) }
        }

        #[inline(always)]
        fn transpose(block: &mut [[f32; 8]; 8]) {
            // SAFETY: only reached where the instructions exist: AVX-512 comes with AVX2.
            unsafe { transpose_8(block) }
        }
    }

    impl Lanes for Avx2 {
        const WIDTH: usize = 8;
        type Vector = __m256;

        #[inline(always)]
        fn splat(x: f32) -> __m256 {
            // SAFETY: only reached where the instructions exist.
            unsafe { _mm256_set1_ps(x) }
        }

        #[inline(always)]
        fn multiply_add(a: __m256, b: __m256, c: __m256) -> __m256 {
            // SAFETY: only reached where the instructions exist.
            unsafe { _mm256_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> __m256 {
            // SAFETY: eight numbers are readable, says the caller.
            unsafe { _mm256_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, x: __m256) {
            // SAFETY: eight numbers are writable, says the caller.
            unsafe { _mm256_storeu_ps(to, x) }
        }

        #[inline(always)]
        fn transpose(block: &mut [[f32; 8]; 8]) {
            // SAFETY: only reached where the instructions exist.
            unsafe { transpose_8(block) }
        }
    }

    /// Pairs of numbers, then pairs of pairs, then halves change places.
    ///
    /// # Safety
    /// The processor must have AVX2.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn transpose_8(block: &mut [[f32; 8]; 8]) {
        let mut a = [_mm256_setzero_ps(); 8];
        for (row, from) in a.iter_mut().zip(&*block) {
            // SAFETY: a row is eight numbers.
            *row = unsafe { _mm256_loadu_ps(from.as_ptr()) };
        }
        let mut b = a;
        for i in 0..4 {
            b[2 * i] = _mm256_unpacklo_ps(a[2 * i], a[2 * i + 1]);
            b[2 * i + 1] = _mm256_unpackhi_ps(a[2 * i], a[2 * i + 1]);
        }
        for i in [0, 4] {
            a[i] = _mm256_shuffle_ps::<0x44>(b[i], b[i + 2]);
            a[i + 1] = _mm256_shuffle_ps::<0xEE>(b[i], b[i + 2]);
            a[i + 2] = _mm256_shuffle_ps::<0x44>(b[i + 1], b[i + 3]);
            a[i + 3] = _mm256_shuffle_ps::<0xEE>(b[i + 1], b[i + 3]);
        }
        for i in 0..4 {
            let (low, high) = (a[i], a[i + 4]);
            // SAFETY: a row is eight numbers.
            unsafe {
                _mm256_storeu_ps(block[i].as_mut_ptr(), _mm256_permute2f128_ps::<0x20>(low, high));
                _mm256_storeu_ps(block[i + 4].as_mut_ptr(), _mm256_permute2f128_ps::<0x31>(low, high));
            }
        }
    }
}

/// Lets the calling thread take numbers too small for a full mantissa as zero, where the processor can: computing with them takes
/// many times as long, and networks that unlearn a channel are full of them.
pub fn flush_denormals() {
    #[cfg(target_arch = "x86_64")]
    {
        /// Flush results to zero, and take operands as zero.
        const FLUSH: u32 = (1 << 15) | (1 << 6);
        let mut control: u32 = 0;
        // SAFETY: reads and writes the thread's own control register; only the treatment of denormals changes.
        unsafe {
            std::arch::asm!("stmxcsr [{0}]", in(reg) &raw mut control, options(nostack, preserves_flags));
            control |= FLUSH;
            std::arch::asm!("ldmxcsr [{0}]", in(reg) &raw const control, options(nostack, preserves_flags));
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        /// Flush to zero.
        const FLUSH: u64 = 1 << 24;
        let mut control: u64;
        // SAFETY: reads and writes the thread's own control register; only the treatment of denormals changes.
        unsafe {
            std::arch::asm!("mrs {0}, fpcr", out(reg) control, options(nomem, nostack, preserves_flags));
            control |= FLUSH;
            std::arch::asm!("msr fpcr, {0}", in(reg) control, options(nomem, nostack, preserves_flags));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_flushed_is_zero_in_that_thread_only() {
        let half = |x: f32| std::hint::black_box(x) * std::hint::black_box(0.5);
        let flushed = std::thread::spawn(move || {
            flush_denormals();
            half(f32::MIN_POSITIVE)
        });
        let flushed = flushed.join().unwrap_or(f32::NAN);
        let flushes = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
        assert_eq!(flushed == 0.0, flushes);
        assert!(half(f32::MIN_POSITIVE) > 0.0);
    }
}
