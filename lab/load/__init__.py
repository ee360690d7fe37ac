"""What people do to a site: browsers that ask when they are due, however late the answers to earlier requests come."""
