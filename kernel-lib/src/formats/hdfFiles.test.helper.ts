import { gunzipSync } from "node:zlib";

/**
 * Two files in EMAN2's layout, written by h5py 3.16 (HDF5 2.0) with NumPy 2.4: chunks, shuffle and gzip, attributes of the types
 * that EMAN2 writes. EMAN2's own writer could not be run; the layout is that of its libEM/io/hdfio2.cpp.
 *
 * The stack has three images of 6 × 6 pixels, 1.5 Å, a_i[y][x] = 10^i·(sin(0.7 x + i) + 0.3 cos(1.1 y − x)), of 8 bits, 10 bits and
 * float32; `ctf_phase_flipped` 1; defocus 1.2 + 0.1 i µm; transforms az 20 + 30 i, alt 40 + 10 i, phi −70 + 5 i, tx 1.5, ty −0.25 i.
 */
export const h5pyStack = () =>
  unpacked(
    "H4sIAAAAAAACA+v0cHHj5ZLiYgABDg4GFgYBBmTwHwoqfFH5MPkEKM0IpTug9AommDgjWE4CKi4INR9dXUiQqytI9X80ALPnASuE" +
      "5mAYBSMReLg6BoDoCCgflkpPMKGq83VxQ0mPHhTaiyv9ejBD+BmsxKXfF5yj6Xc0/WKm3w5WVHWZuYnpqcXUS7/Bfv4uoBQMS3cK" +
      "zKjlNXo6HgW4ygFmlHJAABqDBtzQ8GMgrhyI4IPQEqNBOloOgPIjlJ7AiarOAEobQmkjtHaWBYXlgAY7qnkBUH4B52gc4QOw+h89" +
      "vHigJTUjkMUDzN3gcjwzJT43sQJSXgADngUpxhkZGVHCH0Yzwfn82MsbFai97MSVNxsERtsdo+UNZruDgQ9Lu4OB2u0OZni6m8GN" +
      "ms4PQPkPeFHdtUAbVd0JKP+FLmq9meCE1u+E8le4DLd2BxvEj4wwvgaEZoIIsEHV4aKZgSHLCA1fRqSSgBVIg/hMzBCDuIE1CiPY" +
      "XFg5xAHu+RRnlKal5aQilVMQ8ZTUtJzEEoQ4BzRmmJmYfwjCrIY4A6rEgSrhgV6PLeAfzePkAFC9wQiMZfR6Q5qAPgMZCC3NgIhk" +
      "bMBbBpXPjJYuGUejYBSMglEwCkbBKBgFo2BIgArG1ZYFNY67En8t7d+92CK3/F99zEFgd+w/55UKxstzP/y4y+TaPy32+bSd4nq3" +
      "tuw5KswQ+4LzVAWjdc2jW0/WBs/6x27/bnrSzRjx75MaZ87snMjoYeTsocbGxqDcwGVRwbg7aV3k7AlL1PY47vvxqmmP5OqKfGND" +
      "Y2NDIwZOjpMnTjAwXPvHIcN+56PTyZPZToXqEoeE+e4fml787pCVbsUhF+GLTnK6E50y/tw50MK7/dCxfQyH/6zccWhZzySn0Pww" +
      "pxPOZQ77txQfKr575ZDxkqOH1lmUOqX93+q4wbrn4JLVIYeWh888tP3alEOp2YudluyLdlTdYndIonTmIaUf/YdYdc0PGSc+cOJd" +
      "IegUMz3sUPTOy4ek/x469P+5waHRVDEKRsEoGAWjYLgD2PwH+vgtDwN4mJmBkUEcPP/h6uvop1dckl+UmhJflJqXklqUlFlSTPw8" +
      "CGx8jwc6cs3IIMYggtXc3Mw8kLsU5OHminMwiNfDzMNh/jFNpf1Emg+ewSHV/FVHF9ujhosYRriUFJXmJSeWpKYwEB8uDPBwcYCK" +
      "cyDMzasg2hw2vOZUUsmcKqLNYWRAT0c8iPhILMisiIfMo5EaD8CUao/f3EoamVtFJXOR8lNySVp8QUZicWp8Wk5mQQEo4ZAevglQ" +
      "Picwpjjg5sJsFwYqNEZS72qoZ6RgoGdgqmBsoGBoBMQGQJaBgpGeuYKhnilIylDBWMdQx0DPFIiBauHpgRmW7m8wQd1fkZZflKtX" +
      "UJSflZpckpkPyrdiPJC5bgMDIssfLOFpAJ0kZyFHrxFqeUOSXmOYX0nXawj1rwA5eqH+FSFHL9S/EuTohfpXhgy9RlD/KpCjF+pf" +
      "FXL0Qv2rQY5eqH91yNCLKx9+8RW077Lg32+7UGo/KK/zynrbg8RS5BPtgNINIBokVyvtYg/Rh30dwAcrCJ/YdQAF+sSl81EwPAGu" +
      "dQAceqjqqL0OgJrz10xILid1/hqxrobg/PUOA5jVEGdAtTpQJR7Q568T9EbTJjkA1/y1OgF9adDKS50BEcnYQC+B+Wum0SgYBaNg" +
      "FIyCUTAKRsEoGBIANn6Nvq6Y2uPXXAwwc2kzfr1yoedBIs0na/zaONfPETVcRsev8ZkzOn6Ny9wBH782Hh2/Hh2/Hh2/Jk0vrnx4" +
      "8aS5/df9/nsv7DYEj19f3LnfLjc/zv7SwaV2DAwN+6SsxOxjZP7s292rAh2/5sY6fl3hjloAExq/NnAjLp2PguEJcJ7/gLbfi/rj" +
      "16wUjl9LgLXiqkfh49hMEAPh49CMW6DF1AQ0F1UMaDxgnCfgOpo2KemHoO9bHG0Xj7aL6dQuNhltF4+2i0fbxdRpFz9LYba/MOcq" +
      "sA3sAG4Xh9kc2bu0KNX++ua7oHUd+2eERtkb/pPcB2SDywEAFx9lwHhNAAA=",
  );

/** A map of 6 × 5 × 4 voxels, 2.5 Å, origin −7.5, 5, 0, value n = sin(0.37 n), of 12 bits. */
export const h5pyMap = () =>
  unpacked(
    "H4sIAAAAAAACA+v0cHHj5ZLiYgABDg4GFgYBBmTwHwoCtFD5MPkEKM0IpTug9AommDgjWE4CKi4INR9dXUiQqytI9X80ALPnASuE" +
      "5mAYBSMReLg6BoDoCCgflkpPMKGq83VxQ0mPHhTaiyv9ejBD+BmsxKXfF5yj6Xc0/WKm3w5WVHWZuYnpqcXUS7/Bfv4uoBQMS3cK" +
      "zKjlNXo6HgW4ygFmlHJAABqDBtzQ8GMgrhyI4BstB0bLAcxyYAInqjoDtHYVtcsBDXZU8wOg/ALO0TjCB2D1P3p48UBjiBHI4gGW" +
      "EuByPDMlPjexAhLPwIBngZTAEHWMjCjhz4hR3vBhLW8s1CB8CRbiypsNAqPlzWh5g1neMPBhaXfQsLyZwY2azg9A+Q94R+MIf7uD" +
      "DRJmjDC+BYRmhghAiwEGWPONDUrjEmcGpgBGaDpgQkoRrMCYAokzMTOBDeYG2gNiMEL7V0xgeUaG4ozStLScVAYmuPsg4impaTmJ" +
      "Janw+OWAlnPMTCw/BBFRzwp1ClKvTYOidLWAfzSNkANA9QYjMJWg1xvWROq3kIPQtjjqL3RQDFVvxQBLT/jBBjT1zATUv5JD5TPj" +
      "SP9Mo1E/CkbBKBgFo2AUjIJRMApGAcmggvH3Z4vQ38+XsTT/eWUrPEdC73zoo18T8r9kx+7wSrrXVmZdphdXV1dnJ+dnlubGxsam" +
      "FsaXwsiwdwr/+grG5D07neIf5S89+j70n9BBTu9Xa2e+z98U+jhr2+/NZ3qPT21s7Jza3D19/vz5/e2Te2dOZNQ5wCvKwBA0g7e9" +
      "gpF7VmDeuV8566d3Rqw/fd91G4+Y3t6fajn5/i3Wmuc//Dl+7MyJAwcOHDl18Ozp8+fPHz/cqcTAYNfHG1LBODv9l+vpPYZ3Gx5/" +
      "XjqFobn13//0V3smXNTpvf70V+l2g775/bNBtjWCrZ89fb68KwNDUQWf32hsj4JRMApGwSgYBRAAmwdDH8fnYQBPNzAwMoiD58Fc" +
      "fR399IpL8otSU+KLUvNSUouSMkuKiZ8P44HTEVBxMQYRrObmZuaB3KUgDzdXnINBvB5mHg7zuU7U7SfSfPBMHqnmp62rt4eY7wAV" +
      "50CES14F0eHABg8HbOZUEm0OK15zqog2h4UBPb55EOGWWJBZEQ+Z9yQ1vIDqHPCbW0kjc6uoZC4fwtz8osz0zLz4CrLM/XCAkLmV" +
      "ZJm7gKB7q8gyFwIAhfnWfFAqAAA=",
  );

const unpacked = (text: string) => gunzipSync(Buffer.from(text, "base64"));
