package identity

import (
	"embed"
	"fmt"

	"cloudlet/engine/audit"
	"cloudlet/engine/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the tables of users and roles, and of the audit log, all named
// cloudlet_…, and the view cloudlet_profiles, which apps may read.
func Migrations() []database.Set {
	list, problems := database.ReadMigrations(migrations, "migrations")
	if len(problems) > 0 {
		panic(fmt.Sprintf("identity: %v", problems)) // they are part of the program
	}
	return []database.Set{audit.Migrations(), {Folder: "-/identity", Migrations: list}}
}
