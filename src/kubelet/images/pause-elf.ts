import { must } from '#base'

export type Architecture = 'amd64' | 'arm64'

/**
 * The program that holds a pod's namespaces: it blocks SIGINT, SIGTERM and SIGCHLD, waits for
 * them, reaps what is orphaned in its process namespace, and ends on the first two. A static ELF
 * executable of some 200 bytes without a libc.
 */
export function pauseProgram(architecture: Architecture): Buffer {
  const code = architecture === 'amd64' ? amd64() : arm64()
  return elf(architecture === 'amd64' ? 0x3e : 0xb7, code)
}

/** SIGINT (2), SIGTERM (15) and SIGCHLD (17), as the kernel's set of signals. */
const signalSet = (1 << 1) | (1 << 14) | (1 << 16)

const loadAddress = 0x400000
const fileHeaderBytes = 64
const programHeaderBytes = 56

/** One segment, readable and executable, that is the whole file. */
function elf(machine: number, code: Buffer): Buffer {
  const headers = Buffer.alloc(fileHeaderBytes + programHeaderBytes)
  const size = headers.length + code.length
  // 64 bits, little-endian, version 1; an executable.
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(headers)
  headers.writeUInt16LE(2, 16)
  headers.writeUInt16LE(machine, 18)
  headers.writeUInt32LE(1, 20)
  headers.writeBigUInt64LE(BigInt(loadAddress + headers.length), 24)
  headers.writeBigUInt64LE(BigInt(fileHeaderBytes), 32)
  headers.writeUInt16LE(fileHeaderBytes, 52)
  headers.writeUInt16LE(programHeaderBytes, 54)
  headers.writeUInt16LE(1, 56)
  const segment = headers.subarray(fileHeaderBytes)
  segment.writeUInt32LE(1, 0)
  segment.writeUInt32LE(5, 4)
  segment.writeBigUInt64LE(BigInt(loadAddress), 16)
  segment.writeBigUInt64LE(BigInt(loadAddress), 24)
  segment.writeBigUInt64LE(BigInt(size), 32)
  segment.writeBigUInt64LE(BigInt(size), 40)
  segment.writeBigUInt64LE(0x10000n, 48)
  return Buffer.concat([headers, code])
}

/** An instruction, or a jump to a label, or a label. */
type Line = readonly number[] | { readonly jump: number; readonly to: string } | string

function amd64(): Buffer {
  const set = [...word(signalSet)]
  const call = [0x0f, 0x05]
  return assemble(2, jumpAmd64, [
    [0x48, 0x83, 0xec, 0x10], // sub rsp, 16
    [0x48, 0xc7, 0x04, 0x24, ...set], // mov qword [rsp], set
    [0xb8, ...word(14)], // mov eax, rt_sigprocmask
    [0x31, 0xff], // xor edi, edi: SIG_BLOCK
    [0x48, 0x89, 0xe6], // mov rsi, rsp
    [0x31, 0xd2], // xor edx, edx
    [0x41, 0xba, ...word(8)], // mov r10d, 8
    call,
    'wait',
    [0xb8, ...word(128)], // mov eax, rt_sigtimedwait
    [0x48, 0x89, 0xe7], // mov rdi, rsp
    [0x31, 0xf6], // xor esi, esi
    [0x31, 0xd2], // xor edx, edx
    [0x41, 0xba, ...word(8)], // mov r10d, 8
    call,
    [0x83, 0xf8, 17], // cmp eax, SIGCHLD
    { jump: 0x74, to: 'reap' }, // je
    [0x83, 0xf8, 2], // cmp eax, SIGINT
    { jump: 0x74, to: 'exit' },
    [0x83, 0xf8, 15], // cmp eax, SIGTERM
    { jump: 0x75, to: 'wait' }, // jne: interrupted
    'exit',
    [0xb8, ...word(60)], // mov eax, exit
    [0x31, 0xff], // xor edi, edi
    call,
    'reap',
    [0xb8, ...word(61)], // mov eax, wait4
    [0x48, 0xc7, 0xc7, 0xff, 0xff, 0xff, 0xff], // mov rdi, -1
    [0x31, 0xf6], // xor esi, esi
    [0xba, ...word(1)], // mov edx, WNOHANG
    [0x45, 0x31, 0xd2], // xor r10d, r10d
    call,
    [0x85, 0xc0], // test eax, eax
    { jump: 0x7f, to: 'reap' }, // jg
    { jump: 0xeb, to: 'wait' }, // jmp
  ])
}

function arm64(): Buffer {
  const move = (register: number, value: number) => word(0xd2800000 | (value << 5) | register)
  const compare = (value: number) => word(0x7100001f | (value << 10)) // cmp w0, value
  const call = word(0xd4000001) // svc 0
  return assemble(4, jumpArm64, [
    word(0xd10043ff), // sub sp, sp, 16
    move(9, signalSet & 0xffff),
    word(0xf2a00000 | ((signalSet >> 16) << 5) | 9), // movk x9, …, lsl 16
    word(0xf90003e9), // str x9, [sp]
    move(0, 0), // SIG_BLOCK
    word(0x910003e1), // mov x1, sp
    move(2, 0),
    move(3, 8),
    move(8, 135), // rt_sigprocmask
    call,
    'wait',
    word(0x910003e0), // mov x0, sp
    move(1, 0),
    move(2, 0),
    move(3, 8),
    move(8, 137), // rt_sigtimedwait
    call,
    compare(17),
    { jump: 0x54000000, to: 'reap' }, // b.eq
    compare(2),
    { jump: 0x54000000, to: 'exit' },
    compare(15),
    { jump: 0x54000001, to: 'wait' }, // b.ne
    'exit',
    move(0, 0),
    move(8, 93), // exit
    call,
    'reap',
    word(0x92800000), // mov x0, -1
    move(1, 0),
    move(2, 1), // WNOHANG
    move(3, 0),
    move(8, 260), // wait4
    call,
    compare(0),
    { jump: 0x5400000c, to: 'reap' }, // b.gt
    { jump: 0x14000000, to: 'wait' }, // b
  ])
}

/** From the end of the jump, in bytes. */
function jumpAmd64(opcode: number, distance: number): readonly number[] {
  return [opcode, (distance - 2) & 0xff]
}

/** From the jump itself, in instructions; conditions are in the lowest bits. */
function jumpArm64(opcode: number, distance: number): readonly number[] {
  const steps = distance / 4
  const conditional = (opcode & 0xff000000) === 0x54000000
  return word(opcode | (conditional ? (steps & 0x7ffff) << 5 : steps & 0x3ffffff))
}

function assemble(
  jumpBytes: number,
  jump: (opcode: number, distance: number) => readonly number[],
  lines: readonly Line[],
): Buffer {
  const labels = new Map<string, number>()
  let at = 0
  for (const line of lines) {
    if (typeof line === 'string') labels.set(line, at)
    else at += 'jump' in line ? jumpBytes : line.length
  }
  const bytes: number[] = []
  for (const line of lines) {
    if (typeof line === 'string') continue
    if ('jump' in line) {
      const target = must(labels.get(line.to), 'a jump has a label to go to')
      bytes.push(...jump(line.jump, target - bytes.length))
    } else bytes.push(...line)
  }
  return Buffer.from(bytes)
}

function word(value: number): readonly number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff]
}
