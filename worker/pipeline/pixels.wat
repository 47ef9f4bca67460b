;; Inner loops over pixels, four values at once. pixels.ts calls them, and lays out the memory.
;; After a change, run "deno task assemble".
;;
;; A pixel is three bytes: red, green, blue. A read takes up to 16 bytes, so it can go beyond the
;; last pixel. Addresses and lengths are in bytes; `count` and `width` are numbers of things.
(module
  (memory (export "memory") 1)

  ;; Returns the three channels of a pixel as floats. The fourth lane has a byte of the next pixel.
  (func $pixel (param $at i32) (result v128)
    (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u
      (v128.load32_zero (local.get $at))))))

  ;; Writes the weighted sum of `count` rows of bytes, as floats. Writes 16 values at once, so up to
  ;; 15 more than `length`.
  (func (export "sumRows")
    (param $rows i32) (param $stride i32) (param $weights i32) (param $count i32)
    (param $length i32) (param $out i32)
    (local $x i32) (local $k i32) (local $at i32) (local $weight v128)
    (local $bytes v128) (local $low v128) (local $high v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $columns
      (local.set $a (v128.const i32x4 0 0 0 0))
      (local.set $b (local.get $a))
      (local.set $c (local.get $a))
      (local.set $d (local.get $a))
      (local.set $at (i32.add (local.get $rows) (local.get $x)))
      (local.set $k (i32.const 0))
      (loop $taps
        (local.set $weight
          (v128.load32_splat (i32.add (local.get $weights) (i32.shl (local.get $k) (i32.const 2)))))
        (local.set $bytes (v128.load (local.get $at)))
        (local.set $low (i16x8.extend_low_i8x16_u (local.get $bytes)))
        (local.set $high (i16x8.extend_high_i8x16_u (local.get $bytes)))
        (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $weight)
          (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_u (local.get $low))))))
        (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $weight)
          (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_u (local.get $low))))))
        (local.set $c (f32x4.add (local.get $c) (f32x4.mul (local.get $weight)
          (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_u (local.get $high))))))
        (local.set $d (f32x4.add (local.get $d) (f32x4.mul (local.get $weight)
          (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_u (local.get $high))))))
        (local.set $at (i32.add (local.get $at) (local.get $stride)))
        (local.set $k (i32.add (local.get $k) (i32.const 1)))
        (br_if $taps (i32.lt_u (local.get $k) (local.get $count))))
      (v128.store offset=0 (local.get $out) (local.get $a))
      (v128.store offset=16 (local.get $out) (local.get $b))
      (v128.store offset=32 (local.get $out) (local.get $c))
      (v128.store offset=48 (local.get $out) (local.get $d))
      (local.set $out (i32.add (local.get $out) (i32.const 64)))
      (local.set $x (i32.add (local.get $x) (i32.const 16)))
      (br_if $columns (i32.lt_u (local.get $x) (local.get $length)))))

  ;; Writes `width` pixels to three planes, or their luma to one when `plane` is 0. Each is the
  ;; weighted sum of some pixels of a row of floats, plus `offset`. `most` is the number of places
  ;; for weights that each result has.
  (func (export "sumColumns")
    (param $row i32) (param $first i32) (param $counts i32) (param $weights i32) (param $most i32)
    (param $width i32) (param $offset f32) (param $out i32) (param $plane i32)
    (local $x i32) (local $at i32) (local $weight i32) (local $end i32) (local $sum v128)
    (loop $results
      (local.set $at (i32.add (local.get $row) (i32.mul (i32.const 12)
        (i32.load (i32.add (local.get $first) (local.get $x))))))
      (local.set $weight (i32.add (local.get $weights) (i32.mul (local.get $most) (local.get $x))))
      (local.set $end (i32.add (local.get $weight) (i32.shl
        (i32.load (i32.add (local.get $counts) (local.get $x))) (i32.const 2))))
      (local.set $sum
        (f32x4.mul (v128.load32_splat (local.get $weight)) (v128.load (local.get $at))))
      (loop $taps
        (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
        (if (i32.lt_u (local.get $weight) (local.get $end))
          (then
            (local.set $at (i32.add (local.get $at) (i32.const 12)))
            (local.set $sum (f32x4.add (local.get $sum)
              (f32x4.mul (v128.load32_splat (local.get $weight)) (v128.load (local.get $at)))))
            (br $taps))))
      (if (local.get $plane)
        (then
          (local.set $sum (f32x4.add (local.get $sum) (f32x4.splat (local.get $offset))))
          (local.set $at (i32.add (local.get $out) (local.get $x)))
          (v128.store32_lane 0 (local.get $at) (local.get $sum))
          (local.set $at (i32.add (local.get $at) (local.get $plane)))
          (v128.store32_lane 1 (local.get $at) (local.get $sum))
          (v128.store32_lane 2 (i32.add (local.get $at) (local.get $plane)) (local.get $sum)))
        (else
          (local.set $sum
            (f32x4.mul (local.get $sum) (v128.const f32x4 0.299 0.587 0.114 0)))
          (f32.store (i32.add (local.get $out) (local.get $x))
            (f32.add (f32.add (local.get $offset) (f32x4.extract_lane 0 (local.get $sum)))
              (f32.add (f32x4.extract_lane 1 (local.get $sum))
                (f32x4.extract_lane 2 (local.get $sum)))))))
      (local.set $x (i32.add (local.get $x) (i32.const 4)))
      (br_if $results (i32.lt_u (local.get $x) (i32.shl (local.get $width) (i32.const 2))))))

  ;; Returns a value between two pixels: the first one for 0, the second one for 1.
  (func $between (param $share f32) (param $a v128) (param $b v128) (result v128)
    (f32x4.add (local.get $a) (f32x4.mul (f32x4.splat (local.get $share))
      (f32x4.sub (local.get $b) (local.get $a)))))

  ;; Returns a pixel as floats; zeros when it is outside of the picture.
  (func $pixelOrBlack (param $picture i32) (param $width i32) (param $height i32)
    (param $x i32) (param $y i32) (result v128)
    ;; A negative number is a large one without its sign.
    (if (i32.or (i32.ge_u (local.get $x) (local.get $width))
          (i32.ge_u (local.get $y) (local.get $height)))
      (then (return (v128.const i32x4 0 0 0 0))))
    (call $pixel (i32.add (local.get $picture) (i32.mul (i32.const 3)
      (i32.add (i32.mul (local.get $y) (local.get $width)) (local.get $x))))))

  ;; Adds `weight` times a bilinear value of the picture to each of `size` x `size` pixels of three
  ;; floats. The pixel (x, y) takes the value at (xx·x + xy·y + x0, yx·x + yy·y + y0).
  (func (export "addWarped")
    (param $picture i32) (param $width i32) (param $height i32)
    (param $xx f64) (param $xy f64) (param $x0 f64) (param $yx f64) (param $yy f64) (param $y0 f64)
    (param $weight f32) (param $size i32) (param $out i32)
    (local $x i32) (local $y i32) (local $px f64) (local $py f64)
    (local $left i32) (local $top i32) (local $fx f32) (local $fy f32) (local $sum v128)
    (loop $rows
      (local.set $x (i32.const 0))
      (loop $columns
        (local.set $px (f64.add (local.get $x0) (f64.add
          (f64.mul (local.get $xx) (f64.convert_i32_s (local.get $x)))
          (f64.mul (local.get $xy) (f64.convert_i32_s (local.get $y))))))
        (local.set $py (f64.add (local.get $y0) (f64.add
          (f64.mul (local.get $yx) (f64.convert_i32_s (local.get $x)))
          (f64.mul (local.get $yy) (f64.convert_i32_s (local.get $y))))))
        (local.set $left (i32.trunc_sat_f64_s (f64.floor (local.get $px))))
        (local.set $top (i32.trunc_sat_f64_s (f64.floor (local.get $py))))
        (local.set $fx (f32.demote_f64 (f64.sub (local.get $px) (f64.floor (local.get $px)))))
        (local.set $fy (f32.demote_f64 (f64.sub (local.get $py) (f64.floor (local.get $py)))))
        (local.set $sum (call $between (local.get $fy)
          (call $between (local.get $fx)
            (call $pixelOrBlack (local.get $picture) (local.get $width) (local.get $height)
              (local.get $left) (local.get $top))
            (call $pixelOrBlack (local.get $picture) (local.get $width) (local.get $height)
              (i32.add (local.get $left) (i32.const 1)) (local.get $top)))
          (call $between (local.get $fx)
            (call $pixelOrBlack (local.get $picture) (local.get $width) (local.get $height)
              (local.get $left) (i32.add (local.get $top) (i32.const 1)))
            (call $pixelOrBlack (local.get $picture) (local.get $width) (local.get $height)
              (i32.add (local.get $left) (i32.const 1)) (i32.add (local.get $top) (i32.const 1))))))
        ;; The fourth lane is the next pixel's red, and must not change.
        (v128.store (local.get $out) (f32x4.add (v128.load (local.get $out))
          (f32x4.mul (f32x4.replace_lane 3 (local.get $sum) (f32.const 0))
            (f32x4.splat (local.get $weight)))))
        (local.set $out (i32.add (local.get $out) (i32.const 12)))
        (local.set $x (i32.add (local.get $x) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $x) (local.get $size))))
      (local.set $y (i32.add (local.get $y) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $y) (local.get $size))))))
