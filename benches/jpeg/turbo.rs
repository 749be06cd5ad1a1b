//! libjpeg-turbo, where the machine has it: looked for when the bench runs, so that nothing needs it to be built.

use std::{
    ffi::{c_int, c_uchar, c_ulong, c_void},
    hint::black_box,
    ptr::null_mut,
    sync::OnceLock,
};

use libloading::{Library, Symbol};

/// From turbojpeg.h.
const TJPF_RGB: c_int = 0;
const TJSAMP_420: c_int = 2;
const TJFLAG_PROGRESSIVE: c_int = 16384;

type Init = unsafe extern "C" fn() -> *mut c_void;
type Header =
    unsafe extern "C" fn(*mut c_void, *const c_uchar, c_ulong, *mut c_int, *mut c_int, *mut c_int, *mut c_int) -> c_int;
type Decompress = unsafe extern "C" fn(
    *mut c_void,
    *const c_uchar,
    c_ulong,
    *mut c_uchar,
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
) -> c_int;
type Compress = unsafe extern "C" fn(
    *mut c_void,
    *const c_uchar,
    c_int,
    c_int,
    c_int,
    c_int,
    *mut *mut c_uchar,
    *mut c_ulong,
    c_int,
    c_int,
    c_int,
) -> c_int;
type Free = unsafe extern "C" fn(*mut c_uchar);

pub struct Turbo {
    library: Library,
    reader: *mut c_void,
    writer: *mut c_void,
}

impl Turbo {
    /// `None` where it is not installed.
    pub fn load() -> Option<Self> {
        // SAFETY: loading runs the initialisers of a well-known library; the functions have the types of its header.
        unsafe {
            let library = Library::new("libturbojpeg.so.0").ok()?;
            let reader = library.get::<Init>(b"tjInitDecompress").ok()?();
            let writer = library.get::<Init>(b"tjInitCompress").ok()?();
            (!reader.is_null() && !writer.is_null()).then_some(Self { library, reader, writer })
        }
    }

    fn symbol<T>(&self, name: &[u8]) -> Symbol<'_, T> {
        // SAFETY: every caller names a function of turbojpeg.h with its type.
        unsafe { self.library.get(name).unwrap() }
    }

    /// Decodes to RGB and encodes again, 4:2:0, quality 90.
    pub fn again(&self, bytes: &[u8], progressive: bool) -> Vec<u8> {
        let header: Symbol<Header> = self.symbol(b"tjDecompressHeader3");
        let decompress: Symbol<Decompress> = self.symbol(b"tjDecompress2");
        let compress: Symbol<Compress> = self.symbol(b"tjCompress2");
        let free: Symbol<Free> = self.symbol(b"tjFree");
        let (mut width, mut height, mut sampling, mut space) = (0, 0, 0, 0);
        let (mut result, mut len) = (null_mut(), 0);
        let flags = if progressive { TJFLAG_PROGRESSIVE } else { 0 };
        // SAFETY: pointers and lengths are those of live buffers of the size that the header states.
        unsafe {
            let input = (bytes.as_ptr(), bytes.len() as c_ulong);
            assert_eq!(header(self.reader, input.0, input.1, &mut width, &mut height, &mut sampling, &mut space), 0);
            let mut pixels = vec![0; width as usize * height as usize * 3];
            let read = decompress(self.reader, input.0, input.1, pixels.as_mut_ptr(), width, 0, height, TJPF_RGB, 0);
            assert_eq!(read, 0);
            let written = compress(
                self.writer,
                pixels.as_ptr(),
                width,
                0,
                height,
                TJPF_RGB,
                &mut result,
                &mut len,
                TJSAMP_420,
                90,
                flags,
            );
            assert_eq!(written, 0);
            let copy = std::slice::from_raw_parts(result, len as usize).to_vec();
            free(result);
            black_box(copy)
        }
    }
}

/// Processor time of this thread in nanoseconds. What the kernel tells in `/proc` moves with its tick only, of milliseconds.
pub fn thread_time() -> Option<f64> {
    type Clock = unsafe extern "C" fn(c_int, *mut [i64; 2]) -> c_int;
    const CLOCK_THREAD_CPUTIME_ID: c_int = 3;
    static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
    if cfg!(not(all(target_os = "linux", target_pointer_width = "64"))) {
        return None;
    }
    // SAFETY: the C library is there already; the function has this type on 64-bit Linux, where a timespec is two words.
    unsafe {
        let library = LIBRARY.get_or_init(|| Library::new("libc.so.6").ok()).as_ref()?;
        let clock = library.get::<Clock>(b"clock_gettime").ok()?;
        let mut time = [0; 2];
        (clock(CLOCK_THREAD_CPUTIME_ID, &mut time) == 0).then(|| time[0] as f64 * 1e9 + time[1] as f64)
    }
}
