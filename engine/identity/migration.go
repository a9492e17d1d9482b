package identity

import (
	"embed"

	"cloudlet/engine/audit"
	"cloudlet/engine/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the tables of users and roles, and of the audit log, all named
// cloudlet_…, and the view cloudlet_profiles, which apps may read.
func Migrations() []database.Set {
	return []database.Set{audit.Migrations(), database.Embedded("-/identity", migrations)}
}
