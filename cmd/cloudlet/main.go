// Command cloudlet serves an app, a folder of endpoint files, and looks after it:
// its problems, its routes, its users and roles.
//
// It exits with 0 when all is well, with 1 when the answer is no, and with 2 when
// it was used wrongly.
package main

import (
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], &terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
